// The catalogue of faults that the proof is built on: what goes wrong in the field, and how much it matters. P0: a test must
// hold against it. P1: a test, or the reason why there is none. P2: the same, with less haste.

/** @typedef {{ id: string, priority: "P0" | "P1" | "P2", fault: string }} Fault */

const ROWS = `
F01 P0 killed before anything is recorded
F02 P0 killed between the event's row and its deliveries
F03 P0 killed while COMMIT is under way
F04 P0 killed after COMMIT, before or after the answer
F05 P0 2xx before COMMIT is confirmed
F06 P0 COMMIT answered ROLLBACK
F07 P1 sender resets right after its body
F08 P0 SIGTERM under load, also with a frozen database
F09 P1 second SIGTERM while draining
F10 P1 killed by the system for its memory
F11 P1 the door stands still for a minute and goes on
F12 P1 no file descriptor left
F13 P1 an exception inside one request
F14 P0 a database backend killed again and again
F15 P0 immediate stop of the database
F16 P0 SIGKILL of the whole database
F17 P1 power cut below the data folder
F18 P0 unsafe durability settings at any level, also switched later
F19 P1 disk of the write-ahead log full
F20 P1 data disk full
F21 P1 database read-only
F22 P1 no database connection to be had
F23 P0 connection cut between COMMIT and its answer
F24 P0 database falls silent without closing anything
F25 P1 database slow
F26 P1 deadlock or serialization failure
F27 P1 table locked by somebody
F28 P1 a session dies idle in its transaction
F29 P1 a long snapshot holds up the vacuum
F30 P2 bloat after millions of changes of state
F31 P2 a flipped bit in a stored page
F32 P1 readers that go by the last id they saw
F33 P1 hints lost, or nobody listens
F34 P2 restored to an earlier time
F35 P2 decisions by a replica that lags
F36 P1 values that the database cannot take as text
F37 P0 worker killed at each step
F38 P0 worker killed between the receiver's 2xx and the settlement
F39 P0 worker stands still past its lease and goes on
F40 P0 lease over before the request is sent
F41 P1 database frozen while an attempt is under way
F42 P0 lease no longer than an attempt may take
F43 P0 a delivery that kills its process each time
F44 P1 a handler that blocks the event loop
F45 P1 a handler that never returns
F46 P0 a stored row that cannot be read or signed
F47 P0 event or destination gone while its delivery waits
F48 P1 fifty destinations of one event, all failing
F49 P0 retries that are due and never taken, or never end
F50 P1 two rescuers at once
F51 P1 worker dies on the last attempt
F52 P1 all workers away for an hour
F53 P1 an old value used after a change of the catalog
F54 P1 loops that give up after database errors
F55 P2 leases by a transaction's or a process's clock
F56 P0 destination accepts and is silent, or resets
F57 P0 destination drips
F58 P0 endless, huge or compressed answers
F59 P0 redirects
F60 P0 every status
F61 P1 Retry-After of every kind
F62 P1 TLS that does not hold
F63 P1 idle connection closed by the destination
F64 P1 names that do not resolve
F65 P1 flapping destination
F66 P1 2xx for an upload that nobody read
F67 P2 destination echoes our secret
F68 P0 one id at many processes at once
F69 P0 the winner of a race for an id is killed
F70 P0 duplicate while the original waits, is done or is forgotten
F71 P0 same id in another source or tenant
F72 P0 same id with other bytes
F73 P0 forged request with a genuine id to come
F74 P0 captured bytes under a new unsigned id
F75 P0 odd ids: missing, long, beyond 2^53, composed, repeated
F76 P1 a duplicate after the dedupe horizon
F77 P1 one thing made twice at the same moment
F78 P0 bodies over the limit, shorter or longer than announced
F79 P0 compressed bodies
F80 P0 slow headers, slow bodies, idle connections
F81 P1 ten thousand connections
F82 P0 floods of headers
F83 P0 security headers twice
F84 P0 request smuggling
F85 P0 HTTP of other kinds
F86 P0 hostile JSON
F87 P0 forms, XML, binary, no content type
F88 P0 tricks in paths
F89 P0 log injection
F90 P0 scripts and formulas in payloads that are shown or exported
F91 P1 provider leaks our secret in a header
F92 P1 clocks that are wrong
F93 P0 odd spellings of times
F94 P0 times beyond the tolerance
F95 P1 the whole machine paused
F96 P1 late retries of providers that sign no time
F97 P0 secret rotated in a burst
F98 P1 too many live secrets
F99 P0 signing secret of a destination rotated
F100 P1 change of the master key, killed half-way
F101 P0 migration killed half-way
F102 P0 rolling restart, and a database ahead of the build
F103 P1 retention against what is unfinished
F104 P0 weak, missing or doubled keys at the start
F105 P1 nobody reads the log
F106 P1 a backlog of a million
F107 P0 a slow destination with a large backlog
F108 P1 one source floods
F109 P1 one event for ten thousand destinations
F110 P2 eight hours at load
F111 P1 quota reached
F112 P1 keys of caches that lack the tenant
F113 P0 spellings of private addresses
F114 P0 DNS rebinding
F115 P0 public and private answers mixed
F116 P0 a name that moves after it was vetted
F117 P0 redirects and proxies of the environment
F118 P0 ports of other services
F119 P0 another way out than the egress
F120 P1 blocked hosts told by answer
F121 P1 credentials and odd characters in URLs
F122 P0 any flipped bit
F123 P0 empty, blank and short secrets
F124 P0 verification that is missing or unknown
F125 P0 algorithm chosen by the request
F126 P0 spellings of digests
F127 P0 floods of signatures
F128 P0 bytes that text would change
F129 P1 timing of comparisons
F130 P0 replay within the tolerance
F131 P1 ids with a separator in them
F132 P0 two responders start one replay
F133 P0 replay killed half-way
F134 P0 replay of what was delivered
F135 P1 replay after the secret has changed
F136 P1 a large replay beside live traffic
F137 P0 reconciliation meets live traffic
F138 P1 a provider's log that errs
F139 P1 reconciliation killed at any step
F140 P0 dead letters cleared by mistake`;

/** @type {readonly Fault[]} */
export const CATALOGUE = ROWS.trim()
  .split("\n")
  .map((row) => {
    const [, id, priority, fault] = /^(F\d+) (P[012]) (.+)$/.exec(row);
    return { id, priority, fault };
  });
