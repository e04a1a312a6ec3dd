"""The network: public subnets into which nothing may come, because a NAT gateway costs more than all the rest."""

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from cdk.constructs.buckets import Buckets
from cdk.settings import Deployment

HTTPS = 443


class NetworkStack(Stack):
    """A VPC in two zones, with its flow logs; ``private``: tasks in private subnets behind one NAT gateway."""

    def __init__(self, scope: Construct, construct_id: str, deployment: Deployment, buckets: Buckets) -> None:
        super().__init__(scope, construct_id, description="the network of the house")
        public = ec2.SubnetConfiguration(
            name="public", subnet_type=ec2.SubnetType.PUBLIC, map_public_ip_on_launch=False
        )
        private = ec2.SubnetConfiguration(name="private", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
        self.is_public = not deployment.private
        self.subnets = ec2.SubnetSelection(subnet_group_name="public" if self.is_public else "private")
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=2,
            nat_gateways=1 if deployment.private else 0,
            subnet_configuration=[public, private] if deployment.private else [public],
            restrict_default_security_group=False,  # the default group is never used, and emptying it takes a function
            gateway_endpoints={
                "S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
                "Dynamo": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.DYNAMODB),
            },
            flow_logs={
                "Traffic": ec2.FlowLogOptions(
                    destination=ec2.FlowLogDestination.to_s3(buckets.records, "flow/"),
                    traffic_type=ec2.FlowLogTrafficType.ALL,
                )
            },
        )

    def closed_group(self, scope: Construct, name: str) -> ec2.SecurityGroup:
        """A group that lets nothing in, and out only to HTTPS."""
        group = ec2.SecurityGroup(
            scope, name, vpc=self.vpc, description="nothing comes in; HTTPS goes out", allow_all_outbound=False
        )
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(HTTPS), "venues, streams and AWS")
        return group
