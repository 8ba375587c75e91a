"""What the talk is for: mentorships and who is in them."""
