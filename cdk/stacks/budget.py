"""The bill: people are told before it is more than they agreed to."""

from aws_cdk import Stack
from aws_cdk import aws_budgets as budgets
from constructs import Construct

from cdk.constructs.messages import Messages
from cdk.settings import Deployment


class BudgetStack(Stack):
    """One budget of the account's month: told at 80% spent, and when the forecast is above it."""

    def __init__(self, scope: Construct, construct_id: str, deployment: Deployment, messages: Messages) -> None:
        super().__init__(scope, construct_id, description="the bill of the house")
        topic = budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=messages.topic.topic_arn)
        budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=f"{deployment.prefix}month",
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=deployment.budget, unit="USD"),
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        comparison_operator="GREATER_THAN",
                        notification_type=kind,
                        threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[topic],
                )
                for kind, percent in (("ACTUAL", 80), ("FORECASTED", 100))
            ],
        )
