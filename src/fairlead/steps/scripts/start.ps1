# Fairlead: the functions that a PowerShell script finds, and its variables. Called with the script and its arguments.
$ErrorActionPreference = 'Stop'
$OctopusParameters = New-Object 'System.Collections.Generic.Dictionary[string,string]' ([System.StringComparer]::OrdinalIgnoreCase)
(Get-Content -LiteralPath '.fairlead/variables' -Raw -Encoding utf8 | ConvertFrom-Json -AsHashtable).GetEnumerator() |
    ForEach-Object { $OctopusParameters[$_.Key] = $_.Value }
Remove-Item -LiteralPath '.fairlead/variables' -Force
$FairleadParameters = $OctopusParameters

function Convert-ToServiceMessageValue([string]$value) {
    [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($value))
}

function Get-OctopusVariable([string]$name) {
    if ($OctopusParameters.ContainsKey($name)) { $OctopusParameters[$name] } else { '' }
}

function Set-OctopusVariable([string]$name, [string]$value, [switch]$sensitive) {
    $more = if ($sensitive) { " sensitive='$(Convert-ToServiceMessageValue 'True')'" } else { '' }
    Write-Host "##octopus[setVariable name='$(Convert-ToServiceMessageValue $name)' value='$(Convert-ToServiceMessageValue $value)'$more]"
}

function New-OctopusArtifact([string]$path, [string]$name = '') {
    $file = Get-Item -LiteralPath $path
    if ($name -eq '') { $name = $file.Name }
    Write-Host ("##octopus[createArtifact path='$(Convert-ToServiceMessageValue $file.FullName)' " +
        "name='$(Convert-ToServiceMessageValue $name)' length='$(Convert-ToServiceMessageValue $file.Length)']")
}

function Update-Progress([int]$percentage, [string]$message = '') {
    Write-Host "##octopus[progress percentage='$(Convert-ToServiceMessageValue $percentage)' message='$(Convert-ToServiceMessageValue $message)']"
}

function Hide-Value([string]$value) {
    $line = "##octopus[mask value='$(Convert-ToServiceMessageValue $value)']"
    Write-Host $line
    [Console]::Error.WriteLine($line)
}

function Fail-Step([string]$message = '') {
    if ($message -ne '') { Write-Host "##octopus[resultMessage message='$(Convert-ToServiceMessageValue $message)']" }
    exit 1
}

function Write-AtLevel([string]$level, [string]$message) {
    Write-Host "##octopus[stdout-$level]"
    Write-Host $message
    Write-Host '##octopus[stdout-default]'
}
function Write-Verbose([string]$message) { Write-AtLevel 'verbose' $message }
function Write-Highlight([string]$message) { Write-AtLevel 'highlight' $message }
function Write-Wait([string]$message) { Write-AtLevel 'wait' $message }
function Write-Warning([string]$message) { Write-AtLevel 'warning' $message }

function Fail-HealthCheck([string]$message = '') { Fail-Step $message }

function Get-FairleadVariable([string]$name) { Get-OctopusVariable $name }
function Set-FairleadVariable([string]$name, [string]$value, [switch]$sensitive) { Set-OctopusVariable $name $value -sensitive:$sensitive }
function New-FairleadArtifact([string]$path, [string]$name = '') { New-OctopusArtifact $path $name }

$FairleadScript, $FairleadArguments = $args
if (Test-Path -LiteralPath '.fairlead/directory') {
    $FairleadScript = (Resolve-Path -LiteralPath $FairleadScript).ProviderPath
    Set-Location -LiteralPath (Get-Content -LiteralPath '.fairlead/directory' -Raw -Encoding utf8)
}
$global:LASTEXITCODE = 0
try {
    . $FairleadScript @FairleadArguments
} catch {
    [Console]::Error.WriteLine(($_ | Out-String))
    exit 1
}
exit $global:LASTEXITCODE
