"""Slack. Import ``adapters.slack.adapter`` only when its tokens are set: slack-bolt takes time to load."""
