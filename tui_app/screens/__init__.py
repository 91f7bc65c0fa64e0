"""The screens: each shows snapshots of the service and posts intents to it."""
