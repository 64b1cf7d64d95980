#!/usr/bin/env bash
# Installs workshop-edge on a Debian-like machine with systemd (Debian, Raspberry Pi OS, Ubuntu), from a file that is
# already here, and says every command that it runs. The network is changed only after a question. See --help.
set -euo pipefail

# What this script has changed besides the package, one change a line, so that --uninstall can take it back.
changes=/var/lib/workshop-edge-installer/changes
resolved_file=/etc/systemd/resolved.conf.d/workshop-edge.conf
units=(workshop-edge.socket workshop-edge-https.socket workshop-edge.service workshop-edge-console.service)
# HTTP, HTTPS, mDNS (RFC 6762) and SSDP (UPnP Device Architecture 2.0).
ports=(80/tcp 443/tcp 5353/udp 1900/udp)

action=install yes=no dry=no purge=no file=

# -- Words -------------------------------------------------------------------------------------------------------------

case ${LC_ALL:-${LC_MESSAGES:-${LANG:-}}} in
es | es[_.@-]*) lang=es ;;
*) lang=en ;;
esac

# text SPANISH ENGLISH
text() { if [[ $lang == es ]]; then printf '%s\n' "$1"; else printf '%s\n' "$2"; fi; }

step() { printf '\n== %s\n' "$(text "$@")"; }

stop() {
    text "error: $1" "error: $2" >&2
    exit 1
}

help() {
    text "Uso: install.sh [OPCIONES] [ARCHIVO]

Instala workshop-edge desde ARCHIVO: el paquete .deb o el binario estático. Sin ARCHIVO, el que haya junto a este programa.
Dice cada orden antes de ejecutarla, y pregunta antes de cambiar la red.

Opciones:
      --dry-run    Dice lo que haría, y no hace nada
      --yes        Responde que sí a todas las preguntas
      --uninstall  Quita lo instalado y deshace los cambios de la red; conserva configuración y estado
      --purge      Con --uninstall: quita también configuración y estado
  -h, --help       Muestra esta ayuda" "Usage: install.sh [OPTIONS] [FILE]

Installs workshop-edge from FILE: the .deb package or the static binary. Without FILE, the one beside this program.
Says every command before it runs it, and asks before it changes the network.

Options:
      --dry-run    Say what would be done, and do nothing
      --yes        Answer yes to every question
      --uninstall  Remove what is installed and undo the changes to the network; keep configuration and state
      --purge      With --uninstall: remove configuration and state too
  -h, --help       Print this help"
}

# ask SPANISH ENGLISH: whether the person agrees.
ask() {
    local answer
    if [[ $yes == yes || $dry == yes ]]; then
        text "$1 sí" "$2 yes"
        return 0
    fi
    if [[ ! -t 0 ]]; then
        text "$1 no (sin terminal: use --yes)" "$2 no (no terminal: use --yes)"
        return 1
    fi
    read -r -p "$(text "$1 [s/N]" "$2 [y/N]") " answer
    [[ $answer == [sSyY]* ]]
}

# run COMMAND...: says it, and does it.
run() {
    printf '   $ %s\n' "$*"
    [[ $dry == yes ]] || "$@"
}

# put FILE: writes standard input to it.
put() {
    local content
    content=$(cat)
    printf '   > %s\n' "$1"
    [[ $dry == yes ]] && return 0
    mkdir -p "$(dirname "$1")"
    printf '%s\n' "$content" >"$1"
}

# -- The record of changes -----------------------------------------------------------------------------------------------

has_changed() { [[ -e $changes ]] && grep -qxF "$1" "$changes"; }

note() {
    [[ $dry == yes ]] && return 0
    has_changed "$1" && return 0
    mkdir -p "$(dirname "$changes")"
    printf '%s\n' "$1" >>"$changes"
}

# -- The machine ---------------------------------------------------------------------------------------------------------

is_active() { systemctl --quiet is-active "$1" 2>/dev/null; }

has() { command -v "$1" >/dev/null; }

check_machine() {
    step "Comprobar el equipo" "Check the machine"
    [[ $dry == yes || $EUID == 0 ]] || stop "hace falta ser root: sudo $0 …" "this needs root: sudo $0 …"
    if [[ ! -d /run/systemd/system ]]; then
        [[ $dry == yes ]] || stop "este equipo no usa systemd" "this machine does not run systemd"
        text "   Este equipo no usa systemd: aquí no se podría instalar. En uno que lo use se haría lo siguiente." \
            "   This machine does not run systemd: it could not be installed here. On one that does, this would be done."
    fi
    text "   $(. /etc/os-release && echo "$PRETTY_NAME"), $(uname -m)" "   $(. /etc/os-release && echo "$PRETTY_NAME"), $(uname -m)"
}

# Says who has port 80, unless it is the box itself.
check_port() {
    local owner
    is_active workshop-edge.socket && return 0
    has ss || return 0
    owner=$(ss --no-header --listening --tcp --processes 'sport = :80')
    [[ -z $owner ]] || stop "otro programa tiene el puerto 80; párelo antes:
$owner" "another program has port 80; stop it first:
$owner"
}

# The file to install, when none is named.
beside() {
    local here found=()
    here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
    shopt -s nullglob
    if has dpkg; then found+=("$here"/workshop-edge_*_"$(dpkg --print-architecture)".deb); fi
    [[ -f $here/workshop-edge ]] && found+=("$here/workshop-edge")
    shopt -u nullglob
    ((${#found[@]} == 1)) || stop "diga qué archivo: hay ${#found[@]} junto a este programa" "say which file: there are ${#found[@]} beside this program"
    printf '%s\n' "${found[0]}"
}

# -- The program ---------------------------------------------------------------------------------------------------------

install_package() {
    step "Instalar el paquete $1" "Install the package $1"
    local wanted
    wanted=$(dpkg-deb --field "$1" Architecture)
    [[ $wanted == "$(dpkg --print-architecture)" ]] ||
        stop "el paquete es para $wanted y este equipo es $(dpkg --print-architecture)" \
            "the package is for $wanted and this machine is $(dpkg --print-architecture)"
    run env DEBIAN_FRONTEND=noninteractive apt-get install --quiet --quiet --yes --allow-downgrades "$(realpath "$1")"
}

# The same without dpkg: the binary, the units beside this script, and an account.
install_binary() {
    step "Instalar el binario $1" "Install the binary $1"
    local here unit
    here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")/systemd
    "$1" version >/dev/null 2>&1 || stop "$1 no se ejecuta en este equipo" "$1 does not run on this machine"
    [[ -e $here/workshop-edge.service ]] || stop "falta $here/workshop-edge.service" "$here/workshop-edge.service is missing"
    if has dpkg && dpkg --status workshop-edge 2>/dev/null | grep -q '^Status: .* installed$'; then
        stop "ya está instalado como paquete: instale el .deb" "it is installed as a package: install the .deb"
    fi
    note binary
    # Replaced by renaming, since the old one may be running.
    run install --mode=755 "$1" /usr/local/bin/workshop-edge.new
    run mv /usr/local/bin/workshop-edge.new /usr/local/bin/workshop-edge
    for unit in "${units[@]}"; do
        sed 's#^ExecStart=/usr/bin/#ExecStart=/usr/local/bin/#' "$here/$unit" | put "/etc/systemd/system/$unit"
    done
    put /etc/sysusers.d/workshop-edge.conf <"$here/workshop-edge.sysusers"
    run systemd-sysusers workshop-edge.conf
    if [[ ! -e /etc/workshop-edge/config.toml ]]; then
        "$1" config example --bilingual | put /etc/workshop-edge/config.toml
    fi
    run systemctl daemon-reload
    run systemctl enable --quiet workshop-edge.socket workshop-edge.service
    run systemctl start workshop-edge.socket
    run systemctl restart workshop-edge.service
}

# -- The network ---------------------------------------------------------------------------------------------------------

# Two programs that answer for one name rename each other.
settle_names() {
    local name=${1%%.*}
    if is_active avahi-daemon.service; then
        if [[ $(uname -n) == "$name" ]]; then
            text "   Avahi responde por $name.local, que es el nombre del equipo." "   Avahi answers for $name.local, which is the box's name."
            if ask "   ¿Desactivar Avahi?" "   Disable Avahi?"; then
                note avahi
                run systemctl disable --quiet --now avahi-daemon.socket avahi-daemon.service
            fi
        else
            text "   Avahi responde por otro nombre: se queda como está." "   Avahi answers for another name: it stays as it is."
        fi
    fi
    if is_active systemd-resolved.service && resolvectl mdns 2>/dev/null | grep -q '^Global: yes'; then
        text "   systemd-resolved también responde por mDNS." "   systemd-resolved answers over mDNS too."
        if ask "   ¿Quitarle mDNS a systemd-resolved?" "   Turn mDNS off in systemd-resolved?"; then
            note resolved
            printf '[Resolve]\nMulticastDNS=no\n' | put "$resolved_file"
            run systemctl restart systemd-resolved.service
        fi
    fi
}

open_firewall() {
    local port
    if has ufw && ufw status | grep -q '^Status: active'; then
        text "   El cortafuegos ufw está activo." "   The firewall ufw is active."
        ask "   ¿Abrir ${ports[*]}?" "   Open ${ports[*]}?" || return 0
        for port in "${ports[@]}"; do
            note "ufw $port"
            run ufw allow "$port" comment workshop-edge
        done
    elif has firewall-cmd && firewall-cmd --quiet --state 2>/dev/null; then
        text "   El cortafuegos firewalld está activo." "   The firewall firewalld is active."
        ask "   ¿Abrir ${ports[*]}?" "   Open ${ports[*]}?" || return 0
        for port in "${ports[@]}"; do
            note "firewalld $port"
            run firewall-cmd --quiet --permanent --add-port="$port"
        done
        run firewall-cmd --quiet --reload
    elif has nft && nft list ruleset 2>/dev/null | grep -q 'hook input.*policy drop'; then
        # A rule set of somebody's own is edited by them.
        text "   nftables filtra lo que entra. Añada a su cadena de entrada (/etc/nftables.conf):" \
            "   nftables filters what comes in. Add to your input chain (/etc/nftables.conf):"
        printf '     tcp dport { 80, 443 } accept\n     udp dport { 1900, 5353 } accept\n'
    fi
}

# -- Both ways -----------------------------------------------------------------------------------------------------------

do_install() {
    [[ -n $file ]] || file=$(beside)
    [[ -f $file ]] || stop "no existe $file" "$file does not exist"
    check_machine
    check_port
    if [[ $file == *.deb ]]; then install_package "$file"; else install_binary "$file"; fi
    step "La red: nombre y cortafuegos" "The network: name and firewall"
    settle_names taller.local
    open_firewall
    step "Hecho" "Done"
    text "   Configuración: /etc/workshop-edge/config.toml; después: systemctl restart workshop-edge" \
        "   Configuration: /etc/workshop-edge/config.toml; afterwards: systemctl restart workshop-edge"
    text "   En los televisores:" "   On the TVs:"
    hostname --all-ip-addresses 2>/dev/null | tr ' ' '\n' | sed -n '/\./s#^#     http://#p'
    text "   Para quitarlo: $0 --uninstall" "   To remove it: $0 --uninstall"
}

# undo CHANGE: whether it is undone; what is declined or fails is not, and stays recorded.
undo() {
    local kind=${1%% *} port=${1#* }
    case $kind in
    avahi)
        ask "   ¿Volver a activar Avahi?" "   Enable Avahi again?" || return 1
        run systemctl enable --quiet --now avahi-daemon.socket avahi-daemon.service
        ;;
    resolved)
        ask "   ¿Devolver mDNS a systemd-resolved?" "   Turn mDNS on again in systemd-resolved?" || return 1
        run rm --force "$resolved_file"
        run systemctl restart systemd-resolved.service
        ;;
    ufw)
        ask "   ¿Cerrar $port en ufw?" "   Close $port in ufw?" || return 1
        run ufw delete allow "$port"
        ;;
    firewalld)
        ask "   ¿Cerrar $port en firewalld?" "   Close $port in firewalld?" || return 1
        run firewall-cmd --quiet --permanent --remove-port="$port"
        run firewall-cmd --quiet --reload
        ;;
    esac
}

do_uninstall() {
    check_machine
    local change kept=()
    if has_changed binary; then
        step "Quitar el binario" "Remove the binary"
        run systemctl disable --quiet --now "${units[@]}"
        run rm --force "${units[@]/#//etc/systemd/system/}" /etc/sysusers.d/workshop-edge.conf /usr/local/bin/workshop-edge
        run systemctl daemon-reload
        if [[ $purge == yes ]]; then
            run rm --recursive --force /etc/workshop-edge /var/lib/workshop-edge
            run userdel workshop-edge
        fi
    elif dpkg --status workshop-edge >/dev/null 2>&1; then
        step "Quitar el paquete" "Remove the package"
        run env DEBIAN_FRONTEND=noninteractive apt-get "$(if [[ $purge == yes ]]; then echo purge; else echo remove; fi)" \
            --quiet --quiet --yes workshop-edge
    fi
    if [[ -e $changes ]]; then
        step "Deshacer los cambios de la red" "Undo the changes to the network"
        # By another descriptor: the questions read from standard input.
        while read -r -u 3 change; do undo "$change" || kept+=("$change"); done 3<"$changes"
        if ((${#kept[@]})); then
            printf '%s\n' "${kept[@]}" | put "$changes"
        else
            run rm --recursive --force "$(dirname "$changes")"
        fi
    fi
    step "Hecho" "Done"
}

while (($#)); do
    case $1 in
    --yes) yes=yes ;;
    --dry-run) dry=yes ;;
    --uninstall) action=uninstall ;;
    --purge) purge=yes ;;
    -h | --help)
        help
        exit 0
        ;;
    -*)
        help >&2
        exit 2
        ;;
    *) file=$1 ;;
    esac
    shift
done
"do_$action"
