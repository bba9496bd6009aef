# AWS's ip-ranges.json → src/join/ranges.txt:  jq -r -f src/join/ranges.jq ip-ranges.json > src/join/ranges.txt
# A line for each region and set of services, with the prefixes that have just these.
"date \(.createDate)",
([.prefixes[] | {prefix: .ip_prefix, region, service}] + [.ipv6_prefixes[] | {prefix: .ipv6_prefix, region, service}]
| group_by([.prefix, .region])
| map({prefix: .[0].prefix, names: ([.[0].region] + (map(.service) | unique) | join(" "))})
| group_by(.names)
| map("\(.[0].names): \(map(.prefix) | join(" "))")
| .[])
