"""A systemd unit for the gateway with what a program that needs no rights can do without (systemd.exec(5))."""

from pathlib import Path

UNIT = """\
[Unit]
Description=Ringplan, the telephone follows the calendar
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
ExecStart={program} --config {config} run
User={user}
Restart=on-failure
RestartSec=5
# a wrong setting stays wrong
RestartPreventExitStatus=2
TimeoutStopSec=20
# everybody's own account keeps a connection; usual are 1024
LimitNOFILE=65536

WorkingDirectory={folder}
ReadWritePaths={folder}
UMask=0077
LimitCORE=0
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
ProcSubset=pid
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
CapabilityBoundingSet={capabilities}
AmbientCapabilities={capabilities}
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources

[Install]
WantedBy=multi-user.target
"""


def unit(program: Path, config: Path, user: str = "ringplan", *, low_ports: bool = False) -> str:
    """Return the unit's text for a settings file whose folder also holds the store; paths are absolute.

    `low_ports`: it listens on ports below 1024, such as LDAP's and HTTPS's.
    """
    capabilities = "CAP_NET_BIND_SERVICE" if low_ports else ""
    return UNIT.format(program=program, config=config, folder=config.parent, user=user, capabilities=capabilities)
