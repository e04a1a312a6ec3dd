"""The whole house as stacks, and the rules of the cloud's architects over it."""

from dataclasses import dataclass

from aws_cdk import App, Stack, Tags, Validations
from cdk_nag import AwsSolutionsChecks

from cdk.acknowledgements import acknowledge
from cdk.settings import Deployment
from cdk.stacks.alarms import AlarmsStack
from cdk.stacks.api import ApiStack
from cdk.stacks.budget import BudgetStack
from cdk.stacks.dashboard import DashboardStack
from cdk.stacks.data import DataStack
from cdk.stacks.functions import FunctionsStack
from cdk.stacks.network import NetworkStack
from cdk.stacks.trader import TraderStack


@dataclass(frozen=True)
class House:
    """Every stack of a deployment, each after those it needs."""

    data: DataStack
    network: NetworkStack
    trader: TraderStack
    functions: FunctionsStack
    api: ApiStack
    dashboard: DashboardStack
    alarms: AlarmsStack
    budget: BudgetStack

    def stacks(self) -> list[Stack]:
        """In the order they are deployed."""
        return [
            *(self.data, self.network, self.trader, self.functions),
            *(self.api, self.dashboard, self.alarms, self.budget),
        ]


def build(app: App, deployment: Deployment) -> House:
    """Put up every stack; ``ValueError`` with one sentence when something they are made of is not there."""
    name = deployment.prefix.rstrip("-")
    data = DataStack(app, f"{name}-data", deployment)
    network = NetworkStack(app, f"{name}-network", deployment, data.buckets)
    trader = TraderStack(app, f"{name}-trader", deployment, data, network)
    functions = FunctionsStack(app, f"{name}-functions", deployment, data)
    api = ApiStack(app, f"{name}-api", deployment, functions.made)
    dashboard = DashboardStack(app, f"{name}-dashboard", deployment, data, network, trader.tasks, api)
    alarms = AlarmsStack(app, f"{name}-alarms", deployment, data.messages)
    alarms.watch_functions(functions.made, functions.failed)
    alarms.watch_trader(trader.service)
    alarms.watch_api(api.api)
    alarms.watch_key(trader.key)
    budget = BudgetStack(app, f"{name}-budget", deployment, data.messages)
    Tags.of(app).add("house", deployment.stage)
    house = House(data, network, trader, functions, api, dashboard, alarms, budget)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app, verbose=True))
    acknowledge(house.stacks())
    return house
