"""The paths of the protocol; asynchronous here, synchronous below."""
