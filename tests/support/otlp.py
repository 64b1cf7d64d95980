"""OpenTelemetry's own classes as a receiver: reads the body of a request, plain or compressed, and prints it as JSON.

  otlp.py metrics|traces FILE
"""

import gzip
import sys

from google.protobuf.json_format import MessageToJson
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

with open(sys.argv[2], "rb") as file:
    body = file.read()
if body.startswith(b"\x1f\x8b"):
    body = gzip.decompress(body)
requests = {"metrics": ExportMetricsServiceRequest, "traces": ExportTraceServiceRequest}
print(MessageToJson(requests[sys.argv[1]].FromString(body)))
