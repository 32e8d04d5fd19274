"""Life in groups: what is for the bot, and what was said while somebody was away."""
