from typing import Any

from tests.cdk.synthesis import Resource, Synthesised


def service(house: Synthesised, stack: str) -> Any:
    (found,) = (one for one in house.of("AWS::ECS::Service") if one.stack == stack)
    return found.properties


def task(house: Synthesised, stack: str) -> Any:
    (found,) = (one for one in house.of("AWS::ECS::TaskDefinition") if one.stack == stack)
    return found.properties


def ingress(house: Synthesised, stack: str) -> list[Resource]:
    rules = [one for one in house.resources if one.kind == "AWS::EC2::SecurityGroupIngress" and one.stack == stack]
    rules += [
        one
        for one in house.of("AWS::EC2::SecurityGroup")
        if one.stack == stack and one.properties.get("SecurityGroupIngress")
    ]
    return rules


def test_there_is_one_trader_at_a_time(house: Synthesised) -> None:
    shape = service(house, "trader")
    assert shape["DeploymentConfiguration"]["MinimumHealthyPercent"] == 0
    assert shape["DeploymentConfiguration"]["MaximumPercent"] == 100
    assert shape["DeploymentConfiguration"]["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert shape["AvailabilityZoneRebalancing"] == "DISABLED"


def test_the_paper_trader_runs_and_the_live_one_waits_for_live_trading(paper: Synthesised, live: Synthesised) -> None:
    assert service(paper, "trader")["DesiredCount"] == 1
    assert service(live, "trader")["DesiredCount"] == 0


def test_the_trader_has_half_a_processor_and_two_gigabytes_on_arm(house: Synthesised) -> None:
    shape = task(house, "trader")
    assert (shape["Cpu"], shape["Memory"]) == ("512", "2048")
    assert shape["RuntimePlatform"]["CpuArchitecture"] == "ARM64"


def test_the_trader_ends_in_order_and_cannot_write_but_to_its_state(house: Synthesised) -> None:
    (container,) = task(house, "trader")["ContainerDefinitions"]
    assert container["StopTimeout"] == 120
    assert container["LinuxParameters"]["InitProcessEnabled"] is True
    assert container["ReadonlyRootFilesystem"] is True
    assert container["User"].split(":")[0] not in {"root", "0"}
    assert container["MountPoints"] == [{"ContainerPath": "/state", "ReadOnly": False, "SourceVolume": "state"}]
    assert container["HealthCheck"]["Command"][0] == "CMD"
    assert "/live" in container["HealthCheck"]["Command"][-1]


def test_tasks_read_their_settings_by_name(house: Synthesised) -> None:
    for stack in ("trader", "dashboard"):
        (container,) = task(house, stack)["ContainerDefinitions"]
        assert "Environment" not in container
        assert {"ACCOUNT", "TABLE_PREFIX", "LAKE_BUCKET"} <= {one["Name"] for one in container["Secrets"]}


def test_the_dashboard_is_told_where_to_ask_for_a_stop(house: Synthesised) -> None:
    parameters = {str(one.properties["Name"]): one for one in house.of("AWS::SSM::Parameter")}
    (container,) = task(house, "dashboard")["ContainerDefinitions"]
    for one in container["Secrets"]:
        told = parameters[f"/house-{house.choice}-dashboard/{one['Name']}"]
        assert told.stack == "dashboard", "the trader's stack waits for nothing of the dashboard's"
    address = parameters[f"/house-{house.choice}-dashboard/CONTROL_URL"].properties["Value"]
    assert ".execute-api." in str(address)
    assert str(address["Fn::Join"][1][-1]).endswith("/v1")


def test_the_settings_of_the_trader_are_settings_the_trader_knows(paper: Synthesised) -> None:
    from shared.settings import read_settings

    (container,) = task(paper, "trader")["ContainerDefinitions"]
    texts = {
        str(one.properties["Name"]).rpartition("/")[2]: one.properties["Value"]
        for one in paper.of("AWS::SSM::Parameter")
        if str(one.properties["Name"]).startswith("/house-paper-trader/")
    }
    assert set(texts) == {one["Name"] for one in container["Secrets"]}
    settings = read_settings({name: text for name, text in texts.items() if isinstance(text, str)})
    assert settings.state.table_prefix == "house-paper-"
    assert settings.feeds.binance_url.endswith(":443"), "nothing else may be left by"


def test_nothing_comes_in_to_the_trader_and_only_https_goes_out(house: Synthesised) -> None:
    assert not ingress(house, "trader")
    (group,) = (one for one in house.of("AWS::EC2::SecurityGroup") if one.stack == "trader")
    (out,) = group.properties["SecurityGroupEgress"]
    assert (out["FromPort"], out["ToPort"], out["IpProtocol"]) == (443, 443, "tcp")


def test_there_is_no_nat_gateway_unless_asked_for(paper: Synthesised, live: Synthesised) -> None:
    assert not [one for one in paper.resources if one.kind == "AWS::EC2::NatGateway"]
    assert len(live.of("AWS::EC2::NatGateway")) == 1
    for house, address in ((paper, "ENABLED"), (live, "DISABLED")):
        network = service(house, "trader")["NetworkConfiguration"]["AwsvpcConfiguration"]
        assert network["AssignPublicIp"] == address


def test_the_dashboard_waits_until_it_is_asked_for(house: Synthesised) -> None:
    assert service(house, "dashboard")["DesiredCount"] == 0


def test_the_dashboard_is_private_without_a_domain(paper: Synthesised) -> None:
    assert not ingress(paper, "dashboard")
    assert not [one for one in paper.resources if one.kind.startswith("AWS::ElasticLoadBalancing")]
    assert service(paper, "dashboard")["EnableExecuteCommand"] is True
    (container,) = task(paper, "dashboard")["ContainerDefinitions"]
    assert "--server.address=127.0.0.1" in container["Command"]


def test_the_dashboard_with_a_domain_asks_who_it_is_and_lets_its_visitors_in_alone(live: Synthesised) -> None:
    (listener,) = live.of("AWS::ElasticLoadBalancingV2::Listener")
    assert listener.properties["Protocol"] == "HTTPS"
    assert [one["Type"] for one in listener.properties["DefaultActions"]] == ["authenticate-cognito", "forward"]
    (pool,) = live.of("AWS::Cognito::UserPool")
    assert pool.properties["MfaConfiguration"] == "ON"
    assert pool.properties["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    ranges = [
        rule["CidrIp"]
        for group in live.of("AWS::EC2::SecurityGroup")
        for rule in group.properties.get("SecurityGroupIngress", [])
    ]
    assert ranges == ["203.0.113.0/24"]
