"""What AWS asks, and how much of it the house uses in a month: the only numbers of the bill that are not in a template.

Prices are AWS's list prices of eu-west-1 (Ireland) without tax as known on DATE; SOURCE is where they are renewed from.
"""

from dataclasses import dataclass

DATE = "2026-11-27"
REGION = "eu-west-1"
SOURCE = "the public price pages of each service under https://aws.amazon.com/<service>/pricing/"

HOURS = 730
"""Hours of a month, as AWS counts them."""
MINUTES = HOURS * 60
MILLION = 1_000_000

PRICES = {
    "Fargate ARM vCPU, hour": 0.03238,
    "Fargate ARM GB, hour": 0.00356,
    "public IPv4 address, hour": 0.005,
    "NAT gateway, hour": 0.048,
    "load balancer, hour": 0.0252,
    "load balancer capacity unit, hour": 0.008,
    "DynamoDB write unit": 0.705 / MILLION,
    "DynamoDB read unit": 0.1415 / MILLION,
    "DynamoDB GB": 0.283,
    "DynamoDB recovery GB": 0.226,
    "Lambda ARM GB-second": 0.0000133334,
    "Lambda request": 0.20 / MILLION,
    "API request": 3.50 / MILLION,
    "X-Ray trace": 5.00 / MILLION,
    "S3 GB": 0.023,
    "S3 put": 0.005 / 1_000,
    "S3 get": 0.0004 / 1_000,
    "CloudWatch alarm": 0.10,
    "CloudWatch metric": 0.30,
    "CloudWatch page": 3.00,
    "CloudWatch logs GB": 0.57,
    "flow logs GB": 0.285,
    "KMS key": 1.00,
    "secret": 0.40,
    "SQS request": 0.40 / MILLION,
    "schedule call": 1.00 / MILLION,
    "ECR GB": 0.10,
    "GB sent to the internet": 0.09,
    "Cognito visitor": 0.02,
}
"""Dollars for one unit."""

FREE = {
    "CloudWatch alarm": 10,
    "CloudWatch metric": 10,
    "CloudWatch page": 3,
    "CloudWatch logs GB": 5,
    "DynamoDB GB": 25,
    "Lambda GB-second": 400_000,
    "X-Ray trace": 100_000,
}
"""What every account has for nothing each month, for good (not the offers of the first year)."""


@dataclass(frozen=True)
class Use:
    """How much of something a busy month of the default deployment takes, and where the number comes from."""

    amount: float
    reason: str


SECONDS_OF = {
    "watch_trader": 0.5,
    "reconcile": 3.0,
    "settle_markets": 5.0,
    "audit_ledger": 30.0,
    "collect_quality": 20.0,
    "send_report": 10.0,
    "discover_whales": 300.0,
    "rank_whales": 120.0,
}
"""How long a scheduled run takes."""
CALLS_OF = {
    "kill_switch": Use(100, "drills"),
    "telegram_webhook": Use(3_000, "a hundred questions a day"),
    "control_api": Use(20_000, "one person looking every minute of a working day"),
    "send_alerts": Use(5_000, "batches of notices"),
    "archive_stream": Use(40_000, "batches of ten records: 2,000 orders with five records each, two streams, in calm"),
    "rotate_secrets": Use(8, "four steps, two secrets"),
}
"""Runs of what no schedule starts; each is taken to last a second."""

USES = {
    "DynamoDB write unit": Use(
        9_400_000,
        "the live view of 2 KB every 2 s is 2.6 M; markets on screen 5.6 M: 1.5 of 1 KB a second, one in ten above it, "
        "and the candles of six (5 KB) every 70 s; how the parts stand, 6 KB each 30 s; lease, curves, decisions, "
        "2,000 orders in transactions",
    ),
    "DynamoDB read unit": Use(5_200_000, "commands each second, cancel-all every 2 s, the functions"),
    "DynamoDB GB": Use(2, "a year of journal and ledger"),
    "CloudWatch metric": Use(20, "ten of the trader; what the alarms and the hourly quality look at"),
    "CloudWatch logs GB": Use(1.5, "the trader's lines and the functions'"),
    "flow logs GB": Use(0.3, "a few dozen long connections"),
    "S3 GB": Use(20, "30 days of tape, what was discovered, the archive"),
    "S3 put": Use(200_000, "three files of tape a minute, the archive's batches, discovery"),
    "S3 get": Use(500_000, "ranking reads what was discovered, four times a day"),
    "SQS request": Use(900_000, "Lambda asks the queue of notices all the time, empty or not"),
    "ECR GB": Use(1, "two images"),
    "GB sent to the internet": Use(3, "questions to the venues and their pings"),
}
VISITORS = Use(5, "people with an account for the dashboard")
BALANCER_UNITS = Use(1, "a few visitors")
