#!/usr/bin/env bash
# The network, step by step: a rule denies a call, an Internal access endpoint answers
# its network only, two environments leave by one address. It runs a server of its own,
# in a temporary folder; nothing is left behind. It ends with 1 at the first surprise.
#
#   make build && examples/network/try.sh
#
# With the argument kernel it does the same where the kernel of this machine holds the
# network, as root on Linux: the machine in it is then a namespace of its own.
#
# It needs bash, curl and Go. ISLE names another binary than bin/isle.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd -P)
binary=${ISLE:-$here/../../bin/isle}
group=network-example
work=$(mktemp -d)
data=$work/data
plane=${1:-inproc}
server= listener= target= # the two servers, and where the local one listens
endpoint=                 # of Isle
machine=127.0.0.2         # calls from within the network
answer= status= shown= # what the last call or command gave

main() {
  begin
  a_rule_denies_a_call
  if has_address 127.0.0.2 && has_address 127.0.0.9; then
    an_internal_endpoint_answers_its_network
    environments_leave_by_one_address
  else
    title "The rest is SKIPPED: this machine has no addresses 127.0.0.2 and 127.0.0.9"
    note "Linux has them. On macOS: sudo ifconfig lo0 alias 127.0.0.2; sudo ifconfig lo0 alias 127.0.0.9"
  fi
  title "All is as it should be."
}

a_rule_denies_a_call() {
  title "1. A rule denies a call"
  note "A local server plays a database of the network: 10.0.9.50, port 1433."
  ok port add 10.0.9.50:1433 "$target"
  call from-external http://10.0.9.50:1433/
  expect 200 "a call from 127.0.0.1"

  note "The security group web, on the subnet external-front, gets the rule NoDatabases:"
  deploy guard.json denyDatabases=true
  call from-external http://10.0.9.50:1433/
  expect 502 NoDatabases "priority 200" "NSG web" "subnet external-front"
  ok runs --workflow from-external --status Failed
  red netcheck external
  contains "$shown" O8 NoDatabases

  note "The rule goes, and all is well, without a restart:"
  deploy guard.json
  call from-external http://10.0.9.50:1433/
  expect 200 "a call from 127.0.0.1"
  ok netcheck external
  ok port remove 10.0.9.50:1433
}

an_internal_endpoint_answers_its_network() {
  title "2. An Internal access endpoint answers its network only"
  note "This host is outside the network:"
  call from-internal "http://$target/"
  expect 403 NetworkPolicyDenied "is Internal"

  if [ "$plane" = kernel ]; then
    machine=try-$$
    ip netns add "$machine"
    note "A namespace becomes a machine in it, 10.0.9.10, and calls the endpoint at its address there:"
    ok port add 10.0.9.10 --netns "$machine"
  else
    note "What calls from $machine becomes a machine in it, 10.0.9.10:"
    ok port add 10.0.9.10 "$machine"
  fi
  call from-internal "http://$target/" "$machine"
  expect 200 "a call from 127.0.0.1"
}

environments_leave_by_one_address() {
  title "3. Two environments leave by one public address"
  note "The local server is an SFTP system on the Internet now. A firewall with a public address,"
  note "and on both environments' first subnets a route to the system by the firewall:"
  deploy egress.json "destinationPort=\"${target##*:}\"" permit=false
  for environment in external internal; do
    call "from-$environment" "http://$target/" "$machine"
    expect 502 "firewall egress"
  done

  note "The firewall gets the network rule ISE_SFTP_Outbound:"
  deploy egress.json "destinationPort=\"${target##*:}\"" permit=true
  for environment in external internal; do
    call "from-$environment" "http://$target/" "$machine"
    expect 200 "a call from 127.0.0.9"
  done
  ok netcheck external --to "$target"
}

# begin starts the local server and Isle, and deploys the network.
begin() {
  trap finish EXIT
  [ -x "$binary" ] || fail "there is no $binary: run make build first, or set ISLE"
  command -v curl >"$work/log" || fail "curl is missing"
  (cd "$here" && "${GO:-go}" build -o "$work/listener" ./listener) || fail "the local server cannot be built: is Go there?"
  "$work/listener" >"$work/listener.out" 2>&1 &
  listener=$!
  "$binary" serve --data "$data" --listen 127.0.0.1:0 --dataplane "$plane" >"$work/server.out" 2>&1 &
  server=$!
  await "$work/listener.out" 127.0.0.1: "$listener"
  await "$work/server.out" "Isle serves" "$server"
  target=$(head -n 1 "$work/listener.out")
  endpoint=$(sed -n 's/^Isle serves \([^;]*\);.*/\1/p' "$work/server.out")

  title "A virtual network with two environments, one External, one Internal"
  deploy guard.json
  deploy network.json
}

# await waits, 30 s at most, for a text in a file that a process writes.
await() {
  local tries=300
  until grep -qs "$2" "$1"; do
    kill -0 "$3" 2>>"$work/log" || fail "a server has ended: $(cat "$1")"
    [ $((tries -= 1)) -gt 0 ] || fail "no \"$2\" after 30 s: $(cat "$1")"
    sleep 0.1
  done
}

finish() {
  local code=$?
  trap - EXIT
  for pid in $server $listener; do
    kill "$pid" 2>>"$work/log" || true
    wait "$pid" 2>>"$work/log" || true
  done
  if [ "$plane" = kernel ]; then
    isle network down >>"$work/log" 2>&1 || cat "$work/log" >&2
    case $machine in try-*) ip netns del "$machine" ;; esac
  fi
  [ $code -eq 0 ] || [ ! -s "$work/server.out" ] || { echo "The server has said:" && tail -n 20 "$work/server.out"; } >&2
  rm -rf "$work"
  exit $code
}

# isle runs a command on this script's server.
isle() { "$binary" "$@" --data "$data"; }

# ok shows a command, which must end with 0, and red one that must end with 1. What
# it printed is in shown.
ok() { command_ends 0 "$@"; }
red() { command_ends 1 "$@"; }
command_ends() {
  local want=$1 code=0
  shift
  echo "   \$ isle $*"
  shown=$(isle "$@" 2>&1) || code=$?
  echo "$shown" | sed 's/^\(.\{200\}\).*/\1 …/' | indent
  [ $code -eq "$want" ] || fail "that should end with $want, and ends with $code"
}

# deploy deploys a template of this folder with parameters, NAME=JSON each. What is
# shown runs in this folder, with --data where the server's folder is not the default.
deploy() {
  local template=$1 parameters= p
  shift
  for p in "$@"; do
    parameters="$parameters${parameters:+,}\"${p%%=*}\":{\"value\":${p#*=}}"
  done
  echo "{$parameters}" >"$work/parameters.json"
  [ -z "$parameters" ] || echo "   \$ echo '{$parameters}' >parameters.json"
  echo "   \$ isle deploy $template -g $group${parameters:+ -p parameters.json}"
  isle deploy "$here/$template" -p "$work/parameters.json" -g "$group" >"$work/deployed" 2>&1 || fail "$(cat "$work/deployed")"
}

# call makes a workflow call a URI, as a caller from an address of this machine, to whom all
# endpoints are where the server listens, or from a namespace in the network, to which each
# is at its own address there.
call() {
  local workflow=$1 uri=$2 from=${3:-127.0.0.1} shown="\$(isle url $1 -g $group)" url as
  url=$(isle url "$workflow" -g "$group")
  case $from in
  try-*)
    as="ip netns exec $from curl"
    [ "$workflow" = from-internal ] || as="$as --connect-to ::10.0.0.4:443"
    ;;
  *)
    as="curl --interface $from"
    case $url in "$endpoint"/*) ;; *)
      url=$endpoint/${url#https://*/}
      shown="$endpoint/\$(isle url $workflow -g $group | cut -d / -f 4-)"
      ;;
    esac
    ;;
  esac
  echo "   \$ $as --cacert ~/.isle/ca.pem -H 'Content-Type: application/json' -d '{\"uri\":\"$uri\"}' \"$shown\""
  answer=$($as --silent --show-error --max-time 60 --cacert "$data/ca.pem" --write-out '\n%{http_code}' \
    --header 'Content-Type: application/json' --data "{\"uri\":\"$uri\"}" "$url") || fail "$answer"
  status=${answer##*$'\n'}
  answer=${answer%$'\n'*}
  case $answer in *'"message":"'*) answer=$(echo "$answer" | sed 's/.*"code":"\([^"]*\)","message":"\([^"]*\)".*/\1: \2/') ;; esac
  echo "$status $answer" | fold -s -w 110 | indent
}

# expect checks the last call's status and that its answer has each text.
expect() {
  [ "$status" = "$1" ] || fail "the status should be $1"
  shift
  contains "$answer" "$@"
}

contains() {
  local all=$1 text
  shift
  for text in "$@"; do
    case $all in *"$text"*) ;; *) fail "that should say \"$text\"" ;; esac
  done
}

# has_address tells whether this machine can call from an address of 127.0.0.0/8.
has_address() { curl --silent --max-time 10 --interface "$1" "http://$target/" 2>>"$work/log" | grep -q "$1"; }

title() { printf '\n%s\n\n' "$*"; }
note() { echo "   # $*"; }
indent() { sed 's/^/     /'; }
fail() {
  echo "SURPRISE: $*" >&2
  exit 1
}

main
