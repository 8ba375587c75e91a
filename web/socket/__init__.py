"""The WebSocket connection: sign-in, beats, bounded sending, catching up, dispatch."""
