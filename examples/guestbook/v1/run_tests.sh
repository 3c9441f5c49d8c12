#!/bin/sh
# Runs the tests of the kind in TEST_TYPE and writes JUnit XML to RESULTS (/results).
exec python3 -m tests.run
