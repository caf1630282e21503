#!/usr/bin/env python3
"""Prints the pipeline that reads the rivals' streams:  pipeline.py STREAM,STREAM LIMIT SCHEMA"""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import manifests  # noqa: E402

streams, limit, schema = sys.argv[1:]
print(manifests.rivals({"uses": "postgres", "dsn": "${secret:env:BENCH_DSN}", "schema": schema}, int(limit), streams.split(",")))
