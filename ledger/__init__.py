"""Sessions and their time: durable facts, and what follows from them."""
