"""Shopify's Admin schema, version 2026-10, built once for whoever asks of it."""

import gzip
import json
from functools import cache
from pathlib import Path

from graphql import GraphQLSchema, build_client_schema

FILE = Path(__file__).parents[2] / "payloads" / "shopify" / "_admin-schema.2026-10.json.gz"


@cache
def schema() -> GraphQLSchema:
    return build_client_schema(json.loads(gzip.decompress(FILE.read_bytes()))["data"])
