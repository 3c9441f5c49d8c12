# Fairlead: the functions that a bash script finds, and its variables. Called with the script and its arguments.

declare -A octopus_parameters=() _fairlead_values=()

_fairlead_load() {
    local name value
    while IFS= read -r name && IFS= read -r value; do
        printf -v name '%b' "$name"
        printf -v value '%b' "$value"
        octopus_parameters["$name"]=$value
        _fairlead_values["=${name,,}"]=$value
    done <.fairlead/variables
    rm -f .fairlead/variables
}
_fairlead_load

encode_servicemessagevalue() { printf '%s' "$1" | base64 | tr -d '\n'; }
decode_servicemessagevalue() { printf '%s' "$1" | base64 -d; }

get_octopusvariable() {
    local key="=${1,,}"
    printf '%s' "${_fairlead_values["$key"]-}"
}

set_octopusvariable() { # NAME VALUE [-sensitive]
    local sensitive=
    [ "${3-}" = -sensitive ] && sensitive=" sensitive='$(encode_servicemessagevalue True)'"
    printf "##octopus[setVariable name='%s' value='%s'%s]\n" \
        "$(encode_servicemessagevalue "$1")" "$(encode_servicemessagevalue "$2")" "$sensitive"
}

new_octopusartifact() { # PATH [NAME]
    local path=$1 name=${2-}
    [ -n "$name" ] || name=$(basename -- "$path")
    case $path in /*) ;; *) path=$PWD/$path ;; esac
    if [ ! -f "$path" ]; then
        echo "there is no file $path to keep" >&2
        return 1
    fi
    printf "##octopus[createArtifact path='%s' name='%s' length='%s']\n" \
        "$(encode_servicemessagevalue "$path")" "$(encode_servicemessagevalue "$name")" \
        "$(encode_servicemessagevalue "$(wc -c <"$path" | tr -d ' ')")"
}

update_progress() { # PERCENTAGE [MESSAGE]
    printf "##octopus[progress percentage='%s' message='%s']\n" \
        "$(encode_servicemessagevalue "$1")" "$(encode_servicemessagevalue "${2-}")"
}

mask_value() {
    local line
    line="##octopus[mask value='$(encode_servicemessagevalue "$1")']"
    printf '%s\n' "$line"
    printf '%s\n' "$line" >&2
}

fail_step() { # [MESSAGE]
    [ -n "${1-}" ] && printf "##octopus[resultMessage message='%s']\n" "$(encode_servicemessagevalue "$1")"
    exit 1
}

_fairlead_write() { printf '##octopus[stdout-%s]\n%s\n##octopus[stdout-default]\n' "$1" "$2"; }
write_verbose() { _fairlead_write verbose "$*"; }
write_highlight() { _fairlead_write highlight "$*"; }
write_wait() { _fairlead_write wait "$*"; }
write_warning() { _fairlead_write warning "$*"; }
echo_warning() { _fairlead_write warning "$*"; }
echo_error() { _fairlead_write error "$*"; }
fail_healthcheck() { fail_step "$@"; }

get_fairleadvariable() { get_octopusvariable "$@"; }
set_fairleadvariable() { set_octopusvariable "$@"; }
new_fairleadartifact() { new_octopusartifact "$@"; }

_fairlead_script=$1
shift
if [ -f .fairlead/directory ]; then
    case $_fairlead_script in /*) ;; *) _fairlead_script=$PWD/$_fairlead_script ;; esac
    cd -- "$(cat .fairlead/directory)" || exit 1
fi
. "$_fairlead_script"
