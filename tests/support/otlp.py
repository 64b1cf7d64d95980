"""OpenTelemetry's own classes as a receiver of metrics: reads the body of a request, plain or compressed, and prints it as JSON.

  otlp.py FILE
"""

import gzip
import sys

from google.protobuf.json_format import MessageToJson
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

with open(sys.argv[1], "rb") as file:
    body = file.read()
if body.startswith(b"\x1f\x8b"):
    body = gzip.decompress(body)
print(MessageToJson(ExportMetricsServiceRequest.FromString(body)))
