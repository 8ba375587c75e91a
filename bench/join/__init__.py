"""From the click on *Join* to the first painted picture of the other, on both sides."""
