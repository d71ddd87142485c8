"""Step network: a linear path and a deep path, trained, weighed, and exported to ONNX."""
