"""An embedded Cloudflare account on loopback: an independent model of the API, for the demo and for tests."""
