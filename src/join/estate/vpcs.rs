//! Which VPC every interface is in, and which subnet.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::learn::Learnt;
use super::super::tables::{Name, Network};
use super::{Commons, Eni, Estate, Vpc};

impl Estate {
    /// Gives every interface its VPC.
    pub(super) fn settle_vpcs(&mut self, learnt: &Learnt) {
        for network in self.networks.clone() {
            if let Some(id) = &network.vpc {
                let place = self.vpc(Vpc { id: Some(Arc::clone(id)), ..Vpc::default() });
                let vpc = &mut self.vpcs[place as usize];
                vpc.account = vpc.account.take().or(network.account);
                vpc.region = vpc.region.take().or(network.region);
            }
        }
        let place = |network: &Network| self.vpc_places.get(network.vpc.as_ref()?).copied();
        self.network_vpcs = self.networks.iter().map(place).collect();
        for (place, id) in self.vpc_ids(learnt).into_iter().enumerate() {
            let own = &self.interfaces[place];
            let flow_log = if id.is_some() { None } else { learnt.flow_log(place) };
            let (account, region) = (own.names.account.clone(), own.names.region.clone());
            let vpc_of_record = Vpc { id, account: account.clone(), region: region.clone(), flow_log };
            let vpc = self.vpc(vpc_of_record);
            let known = &mut self.vpcs[vpc as usize];
            known.account = known.account.take().or(account);
            known.region = known.region.take().or(region);
            self.interfaces[place].vpc = vpc;
        }
        let mut commons = Commons::default();
        for own in &mut self.interfaces {
            let vpc = &self.vpcs[own.vpc as usize];
            commons.change(own, |names| {
                names.account = names.account.take().or_else(|| vpc.account.clone());
                names.region = names.region.take().or_else(|| vpc.region.clone());
                names.vpc = names.vpc.take().or_else(|| vpc.id.clone());
            });
        }
        self.settle_subnets(learnt, &mut commons);
    }

    /// The VPC names of the interfaces: from their records or the inventory, else from others of the same flow log,
    /// else from the network table, then again from the others.
    fn vpc_ids(&self, learnt: &Learnt) -> Vec<Name> {
        let mut ids: Vec<Name> = self.interfaces.iter().map(|own| own.names.vpc.clone()).collect();
        agree_by_flow_logs(&mut ids, learnt);
        for (place, (own, id)) in self.interfaces.iter().zip(&mut ids).enumerate() {
            if id.is_none() {
                *id = self.vpc_by_addresses(own, &learnt.direct(place));
            }
        }
        agree_by_flow_logs(&mut ids, learnt);
        ids
    }

    /// Subnets and zones by the network table, where the records and the inventory are silent.
    fn settle_subnets(&mut self, learnt: &Learnt, commons: &mut Commons) {
        for place in 0..self.interfaces.len() {
            let own = &self.interfaces[place];
            let of_subnet = |network: &&Network| network.subnet.is_some() && network.subnet == own.names.subnet;
            let by_subnet = || self.networks.iter().find(of_subnet).cloned();
            let direct = learnt.direct(place);
            let addresses = own.addresses().iter().chain(&direct);
            let network =
                by_subnet().or_else(|| addresses.clone().find_map(|address| self.network(Some(own.vpc), *address)));
            if let Some(network) = network {
                commons.change(&mut self.interfaces[place], |names| {
                    names.subnet = names.subnet.take().or(network.subnet);
                    names.zone = names.zone.take().or(network.zone);
                });
            }
        }
    }

    /// The only VPC of the network table that may be an interface's and has its address.
    fn vpc_by_addresses(&self, own: &Eni, addresses: &[u128]) -> Name {
        let any = Vpc { account: own.names.account.clone(), region: own.names.region.clone(), ..Vpc::default() };
        let mut fitting = self.networks_of(*addresses.first()?).filter(|network| any.may_have(network));
        let first = fitting.next()?.vpc.as_ref();
        first.filter(|_| fitting.all(|network| network.vpc.as_ref() == first)).cloned()
    }

    /// The place of a VPC, which is new to the estate perhaps.
    fn vpc(&mut self, vpc: Vpc) -> u32 {
        let key: Arc<str> = match &vpc.id {
            Some(id) => Arc::clone(id),
            None => {
                let part = |name: &Name| name.clone().unwrap_or_default();
                format!("\n{}\n{}\n{}", part(&vpc.account), part(&vpc.region), part(&vpc.flow_log)).into()
            }
        };
        if let Some(place) = self.vpc_places.get(&key) {
            return *place;
        }
        let place = u32::try_from(self.vpcs.len()).unwrap_or(u32::MAX);
        self.vpcs.push(vpc);
        self.vpc_places.insert(key, place);
        place
    }
}

/// Assigns interfaces without a VPC to the VPC of others in their flow log if those agree: a flow log covers one VPC,
/// or a part of it.
fn agree_by_flow_logs(ids: &mut [Name], learnt: &Learnt) {
    let mut agreed: HashMap<&str, Name, ahash::RandomState> = HashMap::default();
    for (place, id) in ids.iter().enumerate().filter(|(_, id)| id.is_some()) {
        for flow_log in learnt.flow_logs(place) {
            let known = agreed.entry(flow_log).or_insert_with(|| id.clone());
            *known = known.take().filter(|known| Some(known) == id.as_ref());
        }
    }
    for (place, id) in ids.iter_mut().enumerate().filter(|(_, id)| id.is_none()) {
        *id = learnt.flow_logs(place).find_map(|flow_log| agreed.get(&**flow_log).cloned().flatten());
    }
}
