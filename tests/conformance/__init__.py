"""Cases of rules as files of JSON, judged by the functions that the product itself calls.

python -m tests.conformance FILE…
"""
