"""What a relay keeps: the port, its adapters, and the sealed bodies beside them."""
