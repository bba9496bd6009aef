//! Who talks to whom, and by which way: every kind of transfer that the estate knows, in equal turns.

use Party::{Outside, Own};

use super::outside::Kind::{
    self, Branch, Edge, Internet, Office, QueueUs, S3Central, S3Eu, S3Us, StrangerEu, StrangerUs, StrangerWest, TableUs,
};

/// One kind of conversation.
#[derive(Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) client: Party,
    pub(crate) server: Party,
    pub(crate) way: Way,
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

/// The way between client and server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
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
    /// Sent, and refused at the receiver's interface.
    Refused,
    /// Stopped at the only interface that sees it.
    Blocked,
    /// Arrived at a NAT gateway from outside without having been asked for: logged as accepted, and dropped.
    Dropped,
}

const fn talk(client: Party, way: Way, server: Party) -> Scenario {
    Scenario { client, server, way, six: false, outcome: Outcome::Answered }
}

const fn six(client: Party, way: Way, server: Party) -> Scenario {
    Scenario { six: true, ..talk(client, way, server) }
}

const fn ends(outcome: Outcome, client: Party, way: Way, server: Party) -> Scenario {
    Scenario { outcome, ..talk(client, way, server) }
}

const SHOP: Party = Own("web-1,web-2,web-3,app-1,app-2,app-3,pods-1,old-1,new-1,moved-1,balancer");
const SHOP_PRIVATE: Party = Own("app-1,app-2,app-3,pods-1,old-1,new-1,moved-1");
const SHOP_PUBLIC: Party = Own("web-1,web-2,web-3");
const SHOP_SERVED: Party = Own("web-1,web-2,web-3,balancer");

/// Every kind once or, where more of it is wanted, more often.
#[rustfmt::skip]
pub(crate) const SCENARIOS: [Scenario; 67] = [
    talk(SHOP, Way::Inside, SHOP),
    talk(SHOP, Way::Inside, SHOP),
    talk(Own("balancer"), Way::Inside, Own("app-1,app-2,app-3")),
    talk(SHOP, Way::Inside, Own("moved-1")),
    talk(SHOP, Way::Inside, Own("old-1,new-1")),
    talk(SHOP, Way::Inside, Own("pods-1")),
    talk(SHOP_PRIVATE, Way::Inside, Own("queue-a,queue-b")),
    six(Own("web-1,app-1,app-3,web-3"), Way::Inside, Own("web-1,app-1,app-3,web-3")),
    talk(Own("test-"), Way::Inside, Own("test-")),
    talk(Own("test-"), Way::Inside, Own("test-")),
    talk(Own("spark-1,spark-2,spark-3,spark-4"), Way::Inside, Own("spark-1,spark-2,spark-3,spark-4")),
    talk(Own("bastion,names-"), Way::Inside, Own("bastion,names-")),
    talk(Own("web-eu-,app-eu-"), Way::Inside, Own("web-eu-,app-eu-")),
    talk(Own("app-eu-"), Way::Inside, Own("queue-eu-a")),
    talk(Own("spark-eu-"), Way::Inside, Own("spark-eu-")),
    talk(Own("spark-eu-"), Way::Inside, Own("cold-1")),
    talk(Own("job-"), Way::Inside, Own("job-")),
    talk(Outside(Internet), Way::Gateway, SHOP_SERVED),
    talk(Outside(Internet), Way::Gateway, SHOP_SERVED),
    talk(Outside(Internet), Way::Gateway, Own("web-eu-1")),
    six(Outside(Internet), Way::Gateway, Own("web-1,web-3")),
    talk(SHOP_PUBLIC, Way::Gateway, Outside(Internet)),
    six(Own("web-1,web-3"), Way::Gateway, Outside(Internet)),
    talk(Own("bastion,web-eu-1"), Way::Gateway, Outside(Internet)),
    talk(SHOP_PRIVATE, Way::Nat("nat-shop"), Outside(Internet)),
    talk(SHOP_PRIVATE, Way::Nat("nat-shop"), Outside(Internet)),
    talk(SHOP_PRIVATE, Way::Nat("nat-shop"), Outside(QueueUs)),
    talk(SHOP_PRIVATE, Way::Nat("nat-shop"), Outside(S3Central)),
    talk(Own("test-"), Way::Nat("nat-stage"), Outside(Internet)),
    talk(Own("test-"), Way::Nat("nat-stage"), Outside(S3Us)),
    talk(Own("spark-1,spark-2,spark-3,spark-4"), Way::Nat("nat-lake"), Outside(Internet)),
    talk(Own("spark-1,spark-2,spark-3,spark-4"), Way::Nat("nat-lake"), Outside(S3Eu)),
    talk(Own("names-"), Way::Nat("nat-hub"), Outside(Internet)),
    talk(Own("job-"), Way::CentralNat("nat-hub"), Outside(Internet)),
    talk(Own("mainframe-"), Way::CentralNat("nat-hub"), Outside(Internet)),
    talk(Own("mainframe-"), Way::CentralNat("nat-hub"), Outside(S3Us)),
    talk(Own("bastion"), Way::Gateway, Outside(S3Us)),
    talk(Own("bastion"), Way::Gateway, Outside(S3Eu)),
    talk(Own("web-eu-1"), Way::Gateway, Outside(S3Us)),
    talk(SHOP_PUBLIC, Way::Gateway, Outside(QueueUs)),
    talk(SHOP_PUBLIC, Way::Gateway, Outside(Edge)),
    talk(SHOP_PUBLIC, Way::GatewayEndpoint, Outside(S3Us)),
    talk(SHOP_PRIVATE, Way::GatewayEndpoint, Outside(TableUs)),
    talk(Own("app-eu-"), Way::GatewayEndpoint, Outside(S3Eu)),
    talk(SHOP_PUBLIC, Way::Gateway, Outside(StrangerUs)),
    talk(Outside(StrangerUs), Way::Gateway, SHOP_PUBLIC),
    talk(Own("web-eu-1"), Way::Gateway, Outside(StrangerEu)),
    talk(SHOP_PUBLIC, Way::Gateway, Outside(StrangerWest)),
    talk(SHOP_PUBLIC, Way::Gateway, Own("bastion")),
    talk(SHOP_PUBLIC, Way::Gateway, Own("web-eu-1")),
    six(Own("web-1,web-3"), Way::Gateway, Own("bastion")),
    talk(SHOP_PRIVATE, Way::Peering, Own("spark-1,spark-2,spark-3,spark-4")),
    talk(Own("spark-1,spark-2,spark-3,spark-4"), Way::Peering, SHOP_PRIVATE),
    six(Own("app-1,app-3"), Way::Peering, Own("spark-1,spark-3")),
    talk(SHOP_PRIVATE, Way::Peering, Own("app-eu-")),
    talk(SHOP_PRIVATE, Way::Transit, Own("names-")),
    talk(Own("job-"), Way::Transit, Own("names-")),
    talk(Own("mainframe-"), Way::Transit, Own("names-,app-1,app-3")),
    talk(Own("names-"), Way::Transit, Own("spark-eu-")),
    talk(Own("mainframe-"), Way::Transit, Own("cold-")),
    talk(Own("names-"), Way::PrivateGateway, Outside(Office)),
    talk(Outside(Branch), Way::PrivateGateway, Own("names-")),
    ends(Outcome::Refused, SHOP, Way::Inside, SHOP),
    ends(Outcome::Refused, SHOP_PRIVATE, Way::Peering, Own("spark-1,spark-2,spark-3,spark-4")),
    ends(Outcome::Blocked, Outside(Internet), Way::Gateway, Own("web-1,web-2,web-3,web-eu-1,bastion")),
    ends(Outcome::Blocked, SHOP_PUBLIC, Way::Gateway, Outside(Internet)),
    ends(Outcome::Dropped, Outside(Internet), Way::Gateway, Own("nat-shop,nat-hub")),
];
