"""How people and other sites come in: HTTP API, pages, and the WebSocket."""
