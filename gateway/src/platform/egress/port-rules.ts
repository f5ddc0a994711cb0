/**
 * Ports from 1024 up on which well-known services listen that are not webhook receivers and that a POST can harm or
 * probe: databases, queues, coordination, container and cluster control, remote desktops, chat. Source: the IANA service
 * registry and the default ports in those products' documentation. It is a second fence: the first one is that private
 * addresses are not reachable at all.
 */
const DENIED_PORTS: ReadonlySet<number> = new Set([
  1433, 1434, 1521, 1723, 1883, 2049, 2181, 2375, 2376, 2377, 2379, 2380, 2483, 2484, 3260, 3268, 3269, 3306, 3389,
  4222, 4369, 5060, 5061, 5432, 5433, 5555, 5671, 5672, 5900, 5901, 5984, 5985, 5986, 6000, 6001, 6379, 6380, 6432,
  6443, 6660, 6661, 6662, 6663, 6664, 6665, 6666, 6667, 6668, 6669, 6697, 7000, 7001, 7199, 7473, 7474, 7687, 8086,
  8300, 8301, 8302, 8500, 8600, 8883, 9042, 9092, 9093, 9094, 9160, 9200, 9300, 9418, 10250, 10255, 10257, 10259, 11211,
  11300, 15672, 16379, 25672, 26257, 26379, 27017, 27018, 27019, 28015, 29015, 33060, 50000, 61613, 61616,
]);

/** Whether anybody may deliver to this port: 80, 443, and from 1024 up what is not in the list above. */
export function isPortOpen(port: number): boolean {
  if (port === 80 || port === 443) return true;
  return port >= 1024 && port <= 65_535 && !DENIED_PORTS.has(port);
}
