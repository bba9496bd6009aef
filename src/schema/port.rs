//! Ports with well-known names.
//!
//! Names and numbers are those of IANA's "Service Name and Transport Protocol Port Number Registry", extended by common
//! names, and by services that commonly use another service's registered port.

/// IANA's names, sorted by port.
const REGISTERED: [(&str, u16); 92] = [
    ("echo", 7),
    ("discard", 9),
    ("daytime", 13),
    ("chargen", 19),
    ("ftp-data", 20),
    ("ftp", 21),
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("time", 37),
    ("whois", 43),
    ("tacacs", 49),
    ("domain", 53),
    ("bootps", 67),
    ("bootpc", 68),
    ("tftp", 69),
    ("finger", 79),
    ("http", 80),
    ("kerberos", 88),
    ("pop3", 110),
    ("sunrpc", 111),
    ("ident", 113),
    ("nntp", 119),
    ("ntp", 123),
    ("epmap", 135),
    ("netbios-ns", 137),
    ("netbios-dgm", 138),
    ("netbios-ssn", 139),
    ("imap", 143),
    ("snmp", 161),
    ("snmptrap", 162),
    ("bgp", 179),
    ("ldap", 389),
    ("https", 443),
    ("microsoft-ds", 445),
    ("kpasswd", 464),
    ("submissions", 465),
    ("isakmp", 500),
    ("syslog", 514),
    ("submission", 587),
    ("ipp", 631),
    ("ldaps", 636),
    ("domain-s", 853),
    ("rsync", 873),
    ("ftps-data", 989),
    ("ftps", 990),
    ("telnets", 992),
    ("imaps", 993),
    ("pop3s", 995),
    ("socks", 1080),
    ("openvpn", 1194),
    ("ms-sql-s", 1433),
    ("ms-sql-m", 1434),
    ("pptp", 1723),
    ("radius", 1812),
    ("radius-acct", 1813),
    ("mqtt", 1883),
    ("ssdp", 1900),
    ("nfs", 2049),
    ("docker", 2375),
    ("docker-s", 2376),
    ("etcd-client", 2379),
    ("etcd-server", 2380),
    ("mysql", 3306),
    ("ms-wbt-server", 3389),
    ("stun", 3478),
    ("svn", 3690),
    ("diameter", 3868),
    ("ipsec-nat-t", 4500),
    ("vxlan", 4789),
    ("sip", 5060),
    ("sips", 5061),
    ("xmpp-client", 5222),
    ("xmpp-server", 5269),
    ("mdns", 5353),
    ("llmnr", 5355),
    ("postgresql", 5432),
    ("amqps", 5671),
    ("amqp", 5672),
    ("rfb", 5900),
    ("wsman", 5985),
    ("wsmans", 5986),
    ("x11", 6000),
    ("geneve", 6081),
    ("redis", 6379),
    ("http-alt", 8080),
    ("secure-mqtt", 8883),
    ("git", 9418),
    ("zabbix-agent", 10050),
    ("zabbix-trapper", 10051),
    ("memcache", 11211),
    ("mongodb", 27017),
];

/// Common names, with their ports.
const USUAL: [(&str, u16); 17] = [
    ("dns", 53),
    ("rpcbind", 111),
    ("msrpc", 135),
    ("smb", 445),
    ("smtps", 465),
    ("ike", 500),
    ("dns-over-tls", 853),
    ("mssql", 1433),
    ("oracle", 1521),
    ("rdp", 3389),
    ("postgres", 5432),
    ("vnc", 5900),
    ("winrm", 5985),
    ("cassandra", 9042),
    ("kafka", 9092),
    ("elasticsearch", 9200),
    ("memcached", 11211),
];

/// The port of a name, in any case.
#[must_use]
pub fn of_name(name: &str) -> Option<u16> {
    all().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, port)| port)
}

/// Every name.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().map(|(name, _)| name)
}

fn all() -> impl Iterator<Item = (&'static str, u16)> {
    REGISTERED.into_iter().chain(USUAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case_and_stand_once_in_the_order_of_their_ports() {
        let names: std::collections::BTreeSet<_> = names().map(str::to_ascii_lowercase).collect();
        assert_eq!(names.len(), all().count());
        assert!(all().all(|(name, _)| names.contains(name)));
        assert!(REGISTERED.is_sorted_by_key(|(_, port)| *port) && USUAL.is_sorted_by_key(|(_, port)| *port));
        assert_eq!([of_name("HTTPS"), of_name("rdp"), of_name("htps")], [Some(443), Some(3389), None]);
    }
}
