#!/bin/sh
# Runs a command on a Slurm of one node, started for it alone in a temporary folder and stopped afterwards:
#
#   tests/slurm/run.sh                       the tests of sweep --engine slurm
#   tests/slurm/run.sh gradbook sweep …      any other command
#
# Needs Debian's packages slurmctld, slurmd, slurm-client and munge; no systemd, nothing in /etc.
set -eu
PATH="$PATH:/usr/sbin:/sbin"
here=$(cd "$(dirname "$0")" && pwd)
for program in munged slurmctld slurmd sbatch squeue; do
  command -v "$program" >/dev/null || {
    echo "tests/slurm/run.sh: no program $program. Debian and Ubuntu: apt install slurmctld slurmd slurm-client munge" >&2
    exit 1
  }
done

home=$(mktemp -d "${TMPDIR:-/tmp}/slurm.XXXXXX")
chmod 755 "$home"
mkdir "$home/munge" "$home/state" "$home/spool" "$home/log"
chmod 700 "$home/munge"
user=$(id -un)
node=$(hostname -s)
cores=$(nproc)

stop() {
  for name in slurmd slurmctld munged; do
    if [ -s "$home/$name.pid" ]; then kill "$(cat "$home/$name.pid")" 2>/dev/null || true; fi
  done
  # slurmctld saves its state while it ends
  for name in slurmd slurmctld munged; do
    pid=$(cat "$home/$name.pid" 2>/dev/null || echo)
    tries=50
    while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && [ $tries -gt 0 ]; do
      sleep 0.1
      tries=$((tries - 1))
    done
  done
  rm -rf "$home"
}
trap stop EXIT
trap 'exit 130' INT TERM

dd if=/dev/urandom of="$home/munge/key" bs=128 count=1 2>/dev/null
chmod 600 "$home/munge/key"
# --force: munged refuses sockets below a folder that others may write to, such as /tmp
munged --force --key-file="$home/munge/key" --socket="$home/munge.sock" --pid-file="$home/munged.pid" \
  --log-file="$home/log/munged.log" --seed-file="$home/munge/seed" 2>>"$home/log/start.log"

cat >"$home/slurm.conf" <<CONF
ClusterName=gradbook
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$home/munge.sock
CredType=cred/munge
StateSaveLocation=$home/state
SlurmdSpoolDir=$home/spool
SlurmctldPidFile=$home/slurmctld.pid
SlurmdPidFile=$home/slurmd.pid
SlurmctldLogFile=$home/log/slurmctld.log
SlurmdLogFile=$home/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=sched_min_interval=0,batch_sched_delay=0
MpiDefault=none
ReturnToService=2
NodeName=$node NodeAddr=127.0.0.1 CPUs=$cores State=UNKNOWN
PartitionName=all Nodes=$node Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF="$home/slurm.conf"
slurmctld -c
slurmd -c
tries=100
until sinfo --noheader --format=%T 2>/dev/null | grep -q idle; do
  tries=$((tries - 1))
  if [ $tries -eq 0 ]; then
    echo "tests/slurm/run.sh: the node does not come up" >&2
    tail -n 20 "$home"/log/*.log >&2
    exit 1
  fi
  sleep 0.2
done

if [ $# -eq 0 ]; then
  node --test "$here/../dist/slurm/array.slurm.js"
else
  "$@"
fi
