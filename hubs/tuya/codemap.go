package tuya

import (
	"time"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// The codes that somebody here acts on.
const (
	codeSystem        = 500
	codeSecret        = 1001
	codeGrant         = 1003
	codeSign          = 1004
	codeTime          = 1013
	codePermission    = 1106
	codeSyncing       = 1112
	codeOffline       = 2001
	codeNoDevices     = 2002
	codeNoFunction    = 2003
	codeNoCommand     = 2008
	codePlanExpired   = 28841002
	codeQuotaUsed     = 28841004
	codeNotSubscribed = 28841101
)

const (
	configWait = 10 * time.Minute // what a human has to mend is looked at again after
	planWait   = time.Hour
	quotaWait  = 30 * time.Minute // of codes that nobody wrote down, but that look like it
)

// The console's pages, as hints name them.
const (
	console     = "platform.tuya.com"
	serviceHint = "On " + console + ", open the project's Service API page and authorise IoT Core, Authorization Token Management, Smart Home Basic Service and Device Status Notification; it takes some minutes to count."
	regionHint  = "Check that REGION is the data centre that the app account was registered in, and that it is enabled on the project's Overview page on " + console + "."
	linkHint    = "Link the app account on " + console + " under Devices > Link Tuya App Account, and check that REGION is its data centre."
	keyHint     = "Copy Access ID and Access Secret once more from the project's Overview page on " + console + ", and check that REGION is a data centre of that project."
	planHint    = "Extend the free trial of IoT Core on " + console + " under Cloud Services > IoT Core > View Details > Extend Trial Period."
	quotaHint   = "The calls of this month are used up. Push (PUSH=auto) needs hardly any; see QUOTA for how many the plan gives, and the Cloud Services page on " + console + " for what is left."
	allowHint   = "Add this machine's public address to the IP allowlist of the project on " + console + ", or switch the list off."
	clockHint   = "Set this machine's clock: it is too far from Tuya's, and Tuya's answers do not say by how much."
	sharedHint  = "Another program uses the same Access ID, and each ends the other's token. Make a cloud project of its own for this bridge on " + console + "."
	offlineHint = "The device is not connected to Tuya's cloud."
	userHint    = "Check UID: the project's Devices page on " + console + " shows it beside the linked app account."
)

// meaning is what a code says and what to do about it.
type meaning struct {
	fault hubs.Fault
	what  string // the vendor's own words are in its language, these are for everybody
	hint  string
	after time.Duration
}

// meanings are the codes whose class is known. Those of tokens are apart: tokenCodes.
var meanings = map[int]meaning{
	codeSystem: {hubs.Transient, "system error", "", 0},
	1000:       {hubs.Refused, "no such data", "", 0},
	codeSecret: {hubs.Misconfigured, "the secret is wrong", keyHint, configWait},
	codeGrant:  {hubs.Refused, "grant type or code is not valid", "", 0},
	codeSign:   {hubs.Misconfigured, "the signature is wrong", keyHint, configWait},
	1005:       {hubs.Misconfigured, "the Access ID is not known", keyHint, configWait},
	codeTime:   {hubs.Misconfigured, "the time of the request is wrong", clockHint, configWait},

	1100:           {hubs.Refused, "a parameter is empty", "", 0},
	1101:           {hubs.Refused, "a parameter is out of range", "", 0},
	1102:           {hubs.Refused, "a parameter is null", "", 0},
	1103:           {hubs.Refused, "the command could not be issued", "", 0},
	1104:           {hubs.Refused, "a parameter has the wrong type", "", 0},
	1105:           {hubs.Refused, "a header is missing", "", 0},
	codePermission: {hubs.Refused, "permission denied", "", 0},
	1107:           {hubs.Refused, "the code is not valid", "", 0},
	1108:           {hubs.Refused, "the data centre does not know this call", "", 0},
	1109:           {hubs.Refused, "a parameter is not legal", "", 0},
	1110:           {hubs.Limited, "too many calls at a time", "", 0},
	1111:           {hubs.Transient, "the system is busy", "", 0},
	codeSyncing:    {hubs.Transient, "the account's data is still being copied", "", 30 * time.Second},
	1113:           {hubs.Limited, "the same call came too soon", "", 0},
	1114:           {hubs.Misconfigured, "this address may not use the project", allowHint, configWait},
	1199:           {hubs.Limited, "too many calls", "", 0},

	codeOffline:    {hubs.Offline, "the device is offline", offlineHint, 0},
	codeNoDevices:  {hubs.Refused, "the account has no devices", "", 0},
	codeNoFunction: {hubs.Refused, "the device does not know this function", "", 0},
	2005:           {hubs.Refused, "no such product", "", 0},
	2006:           {hubs.Refused, "no such user", userHint, 0},
	2007:           {hubs.Refused, "the device's own token has ended", "", 0},
	codeNoCommand:  {hubs.Refused, "the device does not take this command or value", "", 0},
	2009:           {hubs.Refused, "the device is not supported", "", 0},
	2010:           {hubs.UnknownDevice, "no such device", "", 0},
	2017:           {hubs.Refused, "no such schema", "", 0},
	2401:           {hubs.Misconfigured, "user name or password is wrong", keyHint, configWait},
	2406:           {hubs.Misconfigured, "the key does not belong to this data centre", regionHint, configWait},

	28841001:          {hubs.Misconfigured, "the project has no permission", serviceHint, configWait},
	codePlanExpired:   {hubs.Misconfigured, "the plan of the cloud service has ended", planHint, planWait},
	28841003:          {hubs.Limited, "the plan does not allow it now", quotaHint, quotaWait},
	codeQuotaUsed:     {hubs.Limited, "the calls of the plan are used up", quotaHint, 0},
	codeNotSubscribed: {hubs.Misconfigured, "the project does not have this service", serviceHint, configWait},
	28841102:          {hubs.Limited, "the plan does not allow it now", quotaHint, quotaWait},
	28841103:          {hubs.Limited, "the plan does not allow it now", quotaHint, quotaWait},
	28841104:          {hubs.Limited, "too many calls", quotaHint, quotaWait},
	28841105:          {hubs.Misconfigured, "the project is not authorised for this call", serviceHint, configWait},
	28841106:          {hubs.Misconfigured, "the project is not authorised for this call", serviceHint, configWait},
	60009001:          {hubs.Misconfigured, "the plan does not include this call", serviceHint, configWait},
}

// tokenCodes are those that end a token: missing, expired, not valid, out of its state.
var tokenCodes = map[int]bool{1002: true, 1010: true, 1011: true, 1012: true, 1400: true}

// switchCodes mean that the older way of commands does not know the device: the thing
// model's may.
var switchCodes = map[string]bool{"2003": true, "2008": true}

// centre is one data centre.
type centre struct{ api, push string }

// centres are the data centres by the words of REGION. Where push is empty nobody wrote
// down the address of the message service.
var centres = map[string]centre{
	"cn":   {"https://openapi.tuyacn.com", "wss://mqe.tuyacn.com:8285"},
	"us":   {"https://openapi.tuyaus.com", "wss://mqe.tuyaus.com:8285"},
	"us-e": {"https://openapi-ueaz.tuyaus.com", ""},
	"eu":   {"https://openapi.tuyaeu.com", "wss://mqe.tuyaeu.com:8285"},
	"eu-w": {"https://openapi-weaz.tuyaeu.com", ""},
	"in":   {"https://openapi.tuyain.com", "wss://mqe.tuyain.com:8285"},
	"sg":   {"https://openapi-sg.iotbing.com", ""},
}

// aliases are other words for data centres, those of Tuya's own tools.
var aliases = map[string]string{"az": "us", "ay": "cn", "ue": "us-e", "we": "eu-w"}
