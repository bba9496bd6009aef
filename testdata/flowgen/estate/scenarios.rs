//! The conversations and their routes: every kind of transfer in the estate, in equal turns.

use Party::{Outside, Own};

use super::outside::Kind::{
    self, Branch, Edge, Internet, Office, QueueUs, S3Central, S3Eu, S3Us, StrangerEu, StrangerUs, StrangerWest, TableUs,
};

/// One kind of conversation.
#[derive(Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) client: Party,
    pub(crate) server: Party,
    pub(crate) route_kind: RouteKind,
    pub(crate) six: bool,
    pub(crate) outcome: Outcome,
}

/// Who may take a side.
#[derive(Clone, Copy)]
pub(crate) enum Party {
    /// Interfaces whose names begin so; a list has commas.
    Own(&'static str),
    Outside(Kind),
    /// The outsider of a kind with this number.
    Host(Kind, u32),
}

/// The route between client and server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum RouteKind {
    /// Inside a VPC.
    Inside,
    /// An internet gateway, also between two interfaces of the estate by their public addresses.
    Gateway,
    /// The NAT gateway of this name, in the client's VPC.
    Nat(&'static str),
    /// A transit gateway to the NAT gateway of this name.
    CentralNat(&'static str),
    Peering,
    Transit,
    GatewayEndpoint,
    /// A virtual private gateway.
    PrivateGateway,
}

/// What becomes of a conversation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answered,
    /// Sent, and rejected at the receiver's interface.
    Refused,
    /// Stopped at the only interface that sees it.
    Blocked,
    /// Arrived at a NAT gateway from outside without having been asked for: logged as accepted, and dropped.
    Dropped,
}

const fn talk(client: Party, route_kind: RouteKind, server: Party) -> Scenario {
    Scenario { client, server, route_kind, six: false, outcome: Outcome::Answered }
}

const fn six(client: Party, route_kind: RouteKind, server: Party) -> Scenario {
    Scenario { six: true, ..talk(client, route_kind, server) }
}

const fn ends(outcome: Outcome, client: Party, route_kind: RouteKind, server: Party) -> Scenario {
    Scenario { outcome, ..talk(client, route_kind, server) }
}

const SHOP: Party = Own("web-1,web-2,web-3,app-1,app-2,app-3,pods-1,old-1,new-1,moved-1,balancer");
const SHOP_PRIVATE: Party = Own("app-1,app-2,app-3,pods-1,old-1,new-1,moved-1");
const SHOP_PUBLIC: Party = Own("web-1,web-2,web-3");
const SHOP_SERVED: Party = Own("web-1,web-2,web-3,balancer");

/// Every kind once or, where more of it is wanted, more often.
#[rustfmt::skip]
pub(crate) const SCENARIOS: [Scenario; 67] = [
    talk(SHOP, RouteKind::Inside, SHOP),
    talk(SHOP, RouteKind::Inside, SHOP),
    talk(Own("balancer"), RouteKind::Inside, Own("app-1,app-2,app-3")),
    talk(SHOP, RouteKind::Inside, Own("moved-1")),
    talk(SHOP, RouteKind::Inside, Own("old-1,new-1")),
    talk(SHOP, RouteKind::Inside, Own("pods-1")),
    talk(SHOP_PRIVATE, RouteKind::Inside, Own("queue-a,queue-b")),
    six(Own("web-1,app-1,app-3,web-3"), RouteKind::Inside, Own("web-1,app-1,app-3,web-3")),
    talk(Own("test-"), RouteKind::Inside, Own("test-")),
    talk(Own("test-"), RouteKind::Inside, Own("test-")),
    talk(Own("spark-1,spark-2,spark-3,spark-4"), RouteKind::Inside, Own("spark-1,spark-2,spark-3,spark-4")),
    talk(Own("bastion,names-"), RouteKind::Inside, Own("bastion,names-")),
    talk(Own("web-eu-,app-eu-"), RouteKind::Inside, Own("web-eu-,app-eu-")),
    talk(Own("app-eu-"), RouteKind::Inside, Own("queue-eu-a")),
    talk(Own("spark-eu-"), RouteKind::Inside, Own("spark-eu-")),
    talk(Own("spark-eu-"), RouteKind::Inside, Own("cold-1")),
    talk(Own("job-"), RouteKind::Inside, Own("job-")),
    talk(Outside(Internet), RouteKind::Gateway, SHOP_SERVED),
    talk(Outside(Internet), RouteKind::Gateway, SHOP_SERVED),
    talk(Outside(Internet), RouteKind::Gateway, Own("web-eu-1")),
    six(Outside(Internet), RouteKind::Gateway, Own("web-1,web-3")),
    talk(SHOP_PUBLIC, RouteKind::Gateway, Outside(Internet)),
    six(Own("web-1,web-3"), RouteKind::Gateway, Outside(Internet)),
    talk(Own("bastion,web-eu-1"), RouteKind::Gateway, Outside(Internet)),
    talk(SHOP_PRIVATE, RouteKind::Nat("nat-shop"), Outside(Internet)),
    talk(SHOP_PRIVATE, RouteKind::Nat("nat-shop"), Outside(Internet)),
    talk(SHOP_PRIVATE, RouteKind::Nat("nat-shop"), Outside(QueueUs)),
    talk(SHOP_PRIVATE, RouteKind::Nat("nat-shop"), Outside(S3Central)),
    talk(Own("test-"), RouteKind::Nat("nat-stage"), Outside(Internet)),
    talk(Own("test-"), RouteKind::Nat("nat-stage"), Outside(S3Us)),
    talk(Own("spark-1,spark-2,spark-3,spark-4"), RouteKind::Nat("nat-lake"), Outside(Internet)),
    talk(Own("spark-1,spark-2,spark-3,spark-4"), RouteKind::Nat("nat-lake"), Outside(S3Eu)),
    talk(Own("names-"), RouteKind::Nat("nat-hub"), Outside(Internet)),
    talk(Own("job-"), RouteKind::CentralNat("nat-hub"), Outside(Internet)),
    talk(Own("mainframe-"), RouteKind::CentralNat("nat-hub"), Outside(Internet)),
    talk(Own("mainframe-"), RouteKind::CentralNat("nat-hub"), Outside(S3Us)),
    talk(Own("bastion"), RouteKind::Gateway, Outside(S3Us)),
    talk(Own("bastion"), RouteKind::Gateway, Outside(S3Eu)),
    talk(Own("web-eu-1"), RouteKind::Gateway, Outside(S3Us)),
    talk(SHOP_PUBLIC, RouteKind::Gateway, Outside(QueueUs)),
    talk(SHOP_PUBLIC, RouteKind::Gateway, Outside(Edge)),
    talk(SHOP_PUBLIC, RouteKind::GatewayEndpoint, Outside(S3Us)),
    talk(SHOP_PRIVATE, RouteKind::GatewayEndpoint, Outside(TableUs)),
    talk(Own("app-eu-"), RouteKind::GatewayEndpoint, Outside(S3Eu)),
    talk(SHOP_PUBLIC, RouteKind::Gateway, Outside(StrangerUs)),
    talk(Outside(StrangerUs), RouteKind::Gateway, SHOP_PUBLIC),
    talk(Own("web-eu-1"), RouteKind::Gateway, Outside(StrangerEu)),
    talk(SHOP_PUBLIC, RouteKind::Gateway, Outside(StrangerWest)),
    talk(SHOP_PUBLIC, RouteKind::Gateway, Own("bastion")),
    talk(SHOP_PUBLIC, RouteKind::Gateway, Own("web-eu-1")),
    six(Own("web-1,web-3"), RouteKind::Gateway, Own("bastion")),
    talk(SHOP_PRIVATE, RouteKind::Peering, Own("spark-1,spark-2,spark-3,spark-4")),
    talk(Own("spark-1,spark-2,spark-3,spark-4"), RouteKind::Peering, SHOP_PRIVATE),
    six(Own("app-1,app-3"), RouteKind::Peering, Own("spark-1,spark-3")),
    talk(SHOP_PRIVATE, RouteKind::Peering, Own("app-eu-")),
    talk(SHOP_PRIVATE, RouteKind::Transit, Own("names-")),
    talk(Own("job-"), RouteKind::Transit, Own("names-")),
    talk(Own("mainframe-"), RouteKind::Transit, Own("names-,app-1,app-3")),
    talk(Own("names-"), RouteKind::Transit, Own("spark-eu-")),
    talk(Own("mainframe-"), RouteKind::Transit, Own("cold-")),
    talk(Own("names-"), RouteKind::PrivateGateway, Outside(Office)),
    talk(Outside(Branch), RouteKind::PrivateGateway, Own("names-")),
    ends(Outcome::Refused, SHOP, RouteKind::Inside, SHOP),
    ends(Outcome::Refused, SHOP_PRIVATE, RouteKind::Peering, Own("spark-1,spark-2,spark-3,spark-4")),
    ends(Outcome::Blocked, Outside(Internet), RouteKind::Gateway, Own("web-1,web-2,web-3,web-eu-1,bastion")),
    ends(Outcome::Blocked, SHOP_PUBLIC, RouteKind::Gateway, Outside(Internet)),
    ends(Outcome::Dropped, Outside(Internet), RouteKind::Gateway, Own("nat-shop,nat-hub")),
];
