package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/bridge"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/overrides"
)

// variables are the bridge's own settings, as text.
type variables struct {
	Hubs            string      `envconfig:"HUBS"`
	HubsDir         string      `envconfig:"HUBS_DIR"`
	MQTTURL         string      `envconfig:"MQTT_URL"`
	MQTTListen      string      `envconfig:"MQTT_LISTEN" default:"127.0.0.1:1883"`
	MQTTUsername    string      `envconfig:"MQTT_USERNAME"`
	MQTTPassword    auth.Secret `envconfig:"MQTT_PASSWORD"`
	MQTTCA          string      `envconfig:"MQTT_CA"`
	MQTTCert        string      `envconfig:"MQTT_CERT"`
	MQTTKey         auth.Secret `envconfig:"MQTT_KEY"`
	MQTTClientID    string      `envconfig:"MQTT_CLIENT_ID"`
	BaseTopic       string      `envconfig:"BASE_TOPIC" default:"hub2mqtt"`
	DiscoveryPrefix string      `envconfig:"DISCOVERY_PREFIX" default:"homeassistant"`
	HAStatusTopic   string      `envconfig:"HA_STATUS_TOPIC" default:"homeassistant/status"`
	DataDir         string      `envconfig:"DATA_DIR" default:"./data"`
	StoreURL        string      `envconfig:"STORE_URL"`
	StoreKey        auth.Secret `envconfig:"STORE_KEY"`
	HTTPListen      string      `envconfig:"HTTP_LISTEN" default:"127.0.0.1:8099"`
	HTTPPassword    auth.Secret `envconfig:"HTTP_PASSWORD"`
	PublicURL       string      `envconfig:"PUBLIC_URL"`
	LogLevel        string      `envconfig:"LOG_LEVEL" default:"info"`
	LogFormat       string      `envconfig:"LOG_FORMAT" default:"auto"`
}

// settings are the checked settings of a run.
type settings struct {
	variables
	env      *environ
	mqttURL  *url.URL // nil: the embedded broker
	level    zerolog.Level
	hubs     []hubSetting
	badFiles map[string]error // hubs of HUBS_DIR whose file has faults
	warnings []string
}

// hubSetting is one hub of HUBS.
type hubSetting struct {
	name   string
	env    *environ // that holds its variables
	prefix string   // of them: CABIN_; empty in a file of HUBS_DIR
	sum    fileSum  // of that file
	vendor hubs.Vendor
	pace   hubs.Pace
	fixed  bool // the user chose the pace
	push   bool
	filter bridge.Filter
	// redirect is REDIRECT_URL: where the vendor's login page sends the browser back to.
	redirect string
	// overrides is what the file of OVERRIDES says; nil: there is none.
	overrides *overrides.File
	reread    func() (*overrides.File, error)
}

// hubVariables are the settings that every hub has.
type hubVariables struct {
	PollInterval string `split_words:"true"`
	Push         string `split_words:"true"`
	Quota        string `split_words:"true"` // read by the vendor, whose account it is
	Include      string `split_words:"true"`
	Exclude      string `split_words:"true"`
	Invert       string `split_words:"true"`
	NewDevices   string `split_words:"true"`
	RedirectURL  string `split_words:"true"`
	Overrides    string `split_words:"true"`
}

// readSettings checks everything and reports all faults at once; a secret's value is
// in none of them.
func readSettings(env *environ, known []hubs.Vendor) (*settings, error) {
	s := &settings{env: env}
	faults := []error{env.decode("", &s.variables)}
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }

	s.checkMQTT(fault)
	s.checkHTTP(fault)
	s.checkTopics(fault)
	s.checkLog(fault)
	s.checkStore(fault)
	s.readHubs(known, fault)
	s.typos()
	s.readHubsDir(known, fault)
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return s, nil
}

type faulter func(format string, args ...any)

func (s *settings) checkMQTT(fault faulter) {
	if s.MQTTURL == "" {
		if !loopback(s.MQTTListen) && (s.MQTTUsername == "" || s.MQTTPassword == "") {
			fault("MQTT_LISTEN: %s can be reached from other machines, so MQTT_USERNAME and MQTT_PASSWORD are needed", s.MQTTListen)
		}
		if _, _, err := net.SplitHostPort(s.MQTTListen); err != nil {
			fault("MQTT_LISTEN: %q is not an address with a port, such as 127.0.0.1:1883", s.MQTTListen)
		}
		return
	}
	u, err := url.Parse(s.MQTTURL)
	schemes := []string{"mqtt", "mqtts", "ws", "wss", "tcp", "ssl"}
	switch {
	case err != nil: // the text may hold a password: url.Parse prints it
		fault("MQTT_URL: not an address, such as mqtt://192.168.1.5:1883")
	case !slices.Contains(schemes, u.Scheme) || u.Host == "":
		fault("MQTT_URL: must begin with one of %s, such as mqtt://192.168.1.5:1883", strings.Join(schemes, ":// ")+"://")
	case u.User != nil:
		fault("MQTT_URL: put user and password into MQTT_USERNAME and MQTT_PASSWORD, not into the address")
	default:
		s.mqttURL = u
	}
}

func (s *settings) checkHTTP(fault faulter) {
	if s.HTTPListen != "off" {
		if _, _, err := net.SplitHostPort(s.HTTPListen); err != nil {
			fault("HTTP_LISTEN: %q is not an address with a port, such as 127.0.0.1:8099, nor off", s.HTTPListen)
		} else if !loopback(s.HTTPListen) && s.HTTPPassword == "" {
			fault("HTTP_LISTEN: %s can be reached from other machines, so HTTP_PASSWORD is needed", s.HTTPListen)
		}
	}
	if s.PublicURL != "" {
		u, err := url.Parse(s.PublicURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery+u.Fragment != "" {
			fault("PUBLIC_URL: must be an address that a browser can open, such as http://192.168.1.5:8099")
		}
	}
}

func (s *settings) checkTopics(fault faulter) {
	levels := regexp.MustCompile(`^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$`)
	if !levels.MatchString(s.BaseTopic) {
		fault("BASE_TOPIC: %q must be levels of letters, digits, _ and -, such as hub2mqtt or home/hub2mqtt", s.BaseTopic)
	}
	if s.DiscoveryPrefix != "off" && !levels.MatchString(s.DiscoveryPrefix) {
		fault("DISCOVERY_PREFIX: %q must be a topic such as homeassistant, or off", s.DiscoveryPrefix)
	}
	if strings.ContainsAny(s.HAStatusTopic, "+#\x00") {
		fault("HA_STATUS_TOPIC: %q must be one topic, such as homeassistant/status", s.HAStatusTopic)
	}
}

func (s *settings) checkLog(fault faulter) {
	if !slices.Contains([]string{"trace", "debug", "info", "warn", "error"}, s.LogLevel) {
		fault("LOG_LEVEL: %q is none of trace, debug, info, warn, error", s.LogLevel)
	}
	s.level, _ = zerolog.ParseLevel(s.LogLevel) // the words are zerolog's own
	if !slices.Contains([]string{"auto", "console", "json"}, s.LogFormat) {
		fault("LOG_FORMAT: %q is none of auto, console, json", s.LogFormat)
	}
}

func (s *settings) readHubs(known []hubs.Vendor, fault faulter) {
	if strings.TrimSpace(s.Hubs) == "" {
		if s.HubsDir != "" {
			return
		}
		fault("HUBS: which hubs? For example HUBS=aqara (known: %s)", vendorNames(known))
		return
	}
	seen := map[string]string{}
	for item := range strings.SplitSeq(s.Hubs, ",") {
		item = strings.TrimSpace(item)
		name, vendorName, named := strings.Cut(item, ":")
		if !named {
			vendorName = name
		}
		prefix := strings.ToUpper(strings.ReplaceAll(name, "-", "_")) + "_"
		if why := badHubName(name); why != "" {
			fault("HUBS: the name %q %s", name, why)
			continue
		}
		if other, taken := seen[prefix]; taken {
			fault("HUBS: %q and %q would share their variables %s…", other, name, prefix)
			continue
		}
		seen[prefix] = name
		i := slices.IndexFunc(known, func(v hubs.Vendor) bool { return v.Name == vendorName })
		if i < 0 {
			fault("HUBS: %q is no vendor; known: %s. Write vendor or name:vendor", vendorName, vendorNames(known))
			continue
		}
		s.readHub(hubSetting{name: name, env: s.env, prefix: prefix, vendor: known[i], pace: known[i].Pace, push: true}, fault)
	}
}

func vendorNames(known []hubs.Vendor) string {
	names := make([]string, len(known))
	for i, v := range known {
		names[i] = v.Name
	}
	return strings.Join(names, ", ")
}

// badHubName says what is wrong with a hub's name; empty: nothing.
func badHubName(name string) string {
	if !regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`).MatchString(name) {
		return "must be lower-case letters, digits and -, such as cabin"
	}
	if slices.Contains([]string{"bridge", "status", "info", "request", "response", "replica", "hub"}, name) {
		return "is taken by the bridge itself"
	}
	for _, p := range ownPrefixes() {
		if strings.HasPrefix(name, p) {
			return "would give it variables that are the bridge's own (" + strings.ToUpper(p) + "…)"
		}
	}
	return ""
}

func ownPrefixes() []string {
	return []string{"mqtt", "http", "log", "data", "store", "base", "public", "discovery", "ha", "hubs"}
}

func (s *settings) readHub(h hubSetting, fault faulter) {
	var v hubVariables
	if err := h.env.decode(h.prefix, &v); err != nil {
		fault("%w", err)
	}
	if v.PollInterval != "" && v.PollInterval != "auto" {
		d, err := time.ParseDuration(v.PollInterval)
		if err != nil || d < time.Second {
			fault("%sPOLL_INTERVAL: %q must be auto or a time of at least 1s, such as 30s or 5m", h.prefix, v.PollInterval)
		}
		h.pace.Inventory, h.pace.Values, h.fixed = d, d, true
		h.pace.Reconcile = max(h.pace.Reconcile, d)
	}
	switch v.Push {
	case "", "auto":
	case "off":
		h.push = false
	default:
		if words := append([]string{"auto", "off"}, h.vendor.Channels...); !slices.Contains(words, v.Push) {
			fault("%sPUSH: %q is none of %s", h.prefix, v.Push, strings.Join(words, ", "))
		}
	}
	var err error
	h.filter, err = bridge.ParseFilter(bridge.FilterSettings{
		Include: v.Include, Exclude: v.Exclude, Invert: v.Invert, NewDevices: v.NewDevices,
	})
	faultsOf(h.prefix, err, fault)
	h.redirect = v.RedirectURL
	if why := badRedirect(v.RedirectURL); why != "" {
		fault("%sREDIRECT_URL: %s, such as https://home.example/callback/%s", h.prefix, why, h.name)
	}
	if v.Overrides != "" {
		h.reread = func() (*overrides.File, error) { return readOverrides(v.Overrides) }
		if h.overrides, err = h.reread(); err != nil {
			fault("%sOVERRIDES: %w", h.prefix, err)
		}
	}
	// Opening checks the vendor's own settings; it does no I/O, and the hub is thrown away.
	hub, err := h.vendor.Open(hubSettings{h.env, h.prefix}, dryDeps(h.name))
	faultsOf(h.prefix, err, fault)
	if _, counts := hub.(hubs.Budgeted); err == nil && v.Quota != "" && v.Quota != "off" && !counts {
		fault("%sQUOTA: the calls to hubs of the vendor %s are not counted, leave it out", h.prefix, h.vendor.Name)
	}
	s.hubs = append(s.hubs, h)
}

// faultsOf reports the faults that err joins, each with its variable's prefix.
func faultsOf(prefix string, err error, fault faulter) {
	if err == nil {
		return
	}
	for _, one := range flatten(err) {
		fault("%s%w", prefix, one)
	}
}

// flatten gives the single faults of a joined error.
func flatten(err error) []error {
	if many, ok := err.(interface{ Unwrap() []error }); ok { // only the outermost one is a list
		var out []error
		for _, e := range many.Unwrap() {
			out = append(out, flatten(e)...)
		}
		return out
	}
	return []error{err}
}

// typos finds variables that look like ours and are not.
func (s *settings) typos() {
	known := map[string]bool{}
	for _, name := range variablesOf("", &s.variables) {
		known[name] = true
	}
	prefixes := []string{"MQTT_", "HTTP_", "LOG_", "DATA_", "STORE_", "BASE_", "PUBLIC_", "DISCOVERY_", "HA_", "HUBS_"}
	known["HTTP_PROXY"] = true // Go's own
	for _, h := range s.hubs {
		prefixes = append(prefixes, h.prefix)
		for _, name := range h.variables() {
			known[h.prefix+name] = true
		}
	}
	for _, p := range prefixes {
		for _, name := range s.env.under(p) {
			if !known[name] {
				s.warnings = append(s.warnings, name)
			}
		}
	}
	slices.Sort(s.warnings)
	s.warnings = slices.Compact(s.warnings)
}

// variables are all that the hub knows, without prefix.
func (h *hubSetting) variables() []string {
	return slices.Concat(variablesOf("", &hubVariables{}), h.vendor.Variables)
}

// loopback tells whether an address can be reached from this machine only.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return true // reported as a fault of its own
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
