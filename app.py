"""Which stacks there are: one house per stage, synthesised without credentials and without a network."""

import sys

from aws_cdk import App

from cdk.house import build
from cdk.settings import read_deployment

CHOICES = (
    *(
        "stage",
        "account",
        "image",
        "dashboard_image",
        "bundle",
        "network",
        "domain",
        "certificate",
        "visitors",
        "email",
    ),
    *("budget", "audit_days"),
)

app = App(analytics_reporting=False)
try:
    build(app, read_deployment({name: app.node.try_get_context(name) for name in CHOICES}))
except ValueError as error:
    sys.exit(f"cdk: {error}")
app.synth()
