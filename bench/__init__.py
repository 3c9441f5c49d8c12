"""Measurements, side by side in one run; each script records its rows in results.json. Run by: make bench"""
