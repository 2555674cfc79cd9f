package tuyatest

import (
	"cmp"
	"time"
)

// The project of the default Options, and the host that Open-Hub names.
const (
	AccessID      = "p9demo4hub2mqtt7sim3"
	AccessSecret  = "5e1f0c9ab3d2487f96a0c4d17be83f25"
	DefaultRegion = "eu"
	openHubURL    = "ssl://m1.tuyaeu.com:8883"
)

// Options choose among the behaviours that the documentation leaves open. The zero
// value is a current data centre with one project that may do everything.
type Options struct {
	// Home is what the data centre knows; nil stands for DefaultHome().
	Home *Home
	// Projects are the cloud projects, and with them the access IDs, that are let in;
	// none stands for one with AccessID and AccessSecret.
	Projects []Project
	// Now is the clock of the data centre; nil stands for time.Now. What happens after
	// a while is driven by timers of the runtime in any case.
	Now func() time.Time
	// ClockOffset puts the clock wrong from the start, see fault.Table.SetClock.
	ClockOffset time.Duration
	// MaxSkew is how far the t of a call may be off; zero stands for 5 min.
	MaxSkew time.Duration
	// Seed drives the little chance there is in Live and in tokens; zero stands for 1.
	Seed uint64
	// TravelTime is how long a curtain or a garage door needs from end to end, and a
	// robot home; zero stands for 10 s. A robot cleans for thirty times as long.
	TravelTime time.Duration
	// EffectDelay is how long after its acceptance a command takes effect.
	EffectDelay time.Duration

	TokenOptions
	AnswerOptions
	LimitOptions
	CommandOptions
	PushOptions
}

// Elsewhere says how a data centre answers a project that lives in another one.
type Elsewhere string

// The documentation has no clean answer for a wrong data centre; these were seen.
const (
	Here               Elsewhere = ""           // the project lives here
	ElsewhereClient    Elsewhere = "client"     // every call: 1005
	ElsewhereSign      Elsewhere = "sign"       // every call: 1004
	ElsewhereSkill     Elsewhere = "skill"      // every call: 2406
	ElsewherePermitted Elsewhere = "permission" // tokens are given, business calls: 1106
	ElsewhereEmpty     Elsewhere = "empty"      // tokens are given, every list is empty
)

// Project is a cloud project of the developer platform.
type Project struct {
	AccessID     string `json:"accessId"`
	AccessSecret string `json:"accessSecret"`
	// UID is the project's developer user, which the tokens name; empty: made up.
	UID string `json:"uid"`
	// Linked are the UIDs of the app accounts that are linked; nil: all of the home.
	Linked []string `json:"linked"`
	// Legacy is a project from before 2021-06-30: it takes the old signature, too.
	Legacy bool `json:"legacy"`
	// Elsewhere is Here by default.
	Elsewhere Elsewhere `json:"elsewhere"`
	// Denied maps an API group to the code that its calls are refused with.
	Denied map[Group]int `json:"denied"`
	// TestDevices are on the console's list for the test environment of Pulsar.
	TestDevices []string `json:"testDevices"`
}

// Grant says what a second grant_type=1 call does to the token of the first.
type Grant string

// No source states it; field reports speak for the first.
const (
	GrantReplaces Grant = ""       // the old pair dies
	GrantAdds     Grant = "adds"   // both pairs live
	GrantShares   Grant = "shares" // the living pair is given again, with the time that is left
)

// TokenOptions choose how tokens are given and renewed.
type TokenOptions struct {
	// ExpiresIn is the life of an access token; zero stands for 2 h.
	ExpiresIn time.Duration
	// Grant is GrantReplaces by default.
	Grant Grant
	// ExpireKey is the key of the life in the answer; empty stands for "expire_time",
	// the table of one page says "expire".
	ExpireKey string
	// ExpiredCode and InvalidCode answer an access token that is dead or unknown; zero
	// stands for 1010 in both cases.
	ExpiredCode, InvalidCode int
	// RefreshCode answers a refresh token that is used up or unknown; zero stands for
	// 1003, field reports know 1010.
	RefreshCode int
}

// Success says how code and msg look in an answer without fault.
type Success string

// All of these were seen.
const (
	SuccessNull   Success = ""       // null
	SuccessAbsent Success = "absent" // no such keys
	SuccessZero   Success = "zero"   // 0 and ""
)

// AnswerOptions choose the look of answers.
type AnswerOptions struct {
	// Success is SuccessNull by default.
	Success Success
	// NoTime and NoTrace leave t and tid out, as the vendor's own token page does.
	NoTime, NoTrace bool
	// UnknownDevice is the code for a device that does not exist or is not linked; zero
	// stands for 1106, 1000 and 2010 were seen, too.
	UnknownDevice int
	// AwkwardKeys makes last_row_key of characters that need escaping in a URL.
	AwkwardKeys bool
	// JSONObjects gives the values of Json data points as objects instead of text.
	JSONObjects bool
	// RoomsAsList answers the rooms of a home with a bare list.
	RoomsAsList bool
	// UnknownKeys adds keys to answers that no documentation names.
	UnknownKeys bool
}

// LimitOptions choose quota and pace. Refused calls count, token calls too; only
// business calls are refused.
type LimitOptions struct {
	// Quota is how many calls a project has in a period; zero: no limit.
	Quota int
	// QuotaPerDay makes the period the UTC day; it is the UTC month otherwise.
	QuotaPerDay bool
	// Rate is how many calls a second one API takes from one project; zero: no limit.
	Rate int
	// RateCode answers what is too much; zero stands for 1110.
	RateCode int
}

// CommandOptions choose how commands are taken.
type CommandOptions struct {
	// OfflineAccepted answers true to an iot-03 or v1.0 command for a device that is
	// offline, and does nothing; it is refused with 2001 otherwise.
	OfflineAccepted bool
	// StrictSteps refuses integers off the step with 2008.
	StrictSteps bool
	// UnlockTime is how long a lock stays open; zero stands for 5 s.
	UnlockTime time.Duration
}

func (o *Options) setDefaults() {
	if o.Now == nil {
		o.Now = time.Now
	}
	if len(o.Projects) == 0 {
		o.Projects = []Project{{AccessID: AccessID, AccessSecret: AccessSecret}}
	}
	o.MaxSkew = cmp.Or(o.MaxSkew, 5*time.Minute)
	o.Seed = cmp.Or(o.Seed, 1)
	o.TravelTime = cmp.Or(o.TravelTime, 10*time.Second)
	o.UnlockTime = cmp.Or(o.UnlockTime, 5*time.Second)
	o.ExpiresIn = cmp.Or(o.ExpiresIn, 2*time.Hour)
	o.ExpireKey = cmp.Or(o.ExpireKey, "expire_time")
	o.ExpiredCode = cmp.Or(o.ExpiredCode, codeToken)
	o.InvalidCode = cmp.Or(o.InvalidCode, codeToken)
	o.RefreshCode = cmp.Or(o.RefreshCode, codeGrant)
	o.UnknownDevice = cmp.Or(o.UnknownDevice, codePermission)
	o.RateCode = cmp.Or(o.RateCode, codeConcurrent)
	o.PushOptions.setDefaults()
}

// Family says which messages the console's rules send.
type Family string

// Both families together give every change twice.
const (
	FamilyNew    Family = ""       // devicePropertyMessage, deviceOnline, …
	FamilyLegacy Family = "legacy" // statusReport, online, …
	FamilyBoth   Family = "both"
)

// Stamp says how times in messages are written.
type Stamp string

// All of these were seen.
const (
	StampMixed   Stamp = ""     // seconds in a statusReport, milliseconds elsewhere
	StampSeconds Stamp = "s"    // seconds everywhere
	StampMillis  Stamp = "ms"   // milliseconds everywhere
	StampText    Stamp = "text" // milliseconds as text
)

// PushOptions choose how both push channels behave.
type PushOptions struct {
	// Family is FamilyNew by default.
	Family Family
	// Stamp is StampMixed by default.
	Stamp Stamp
	// Unchanged pushes reports that repeat the value before.
	Unchanged bool
	// PulsarECB encrypts with AES-ECB and leaves em away, as old projects do; AES-GCM
	// otherwise.
	PulsarECB bool
	// Backlog is how many messages Pulsar keeps for a subscription that has no
	// consumer; zero stands for 10,000. The oldest go first.
	Backlog int
	// PulsarIdle ends a consumer that was silent for so long, pings count as words;
	// zero stands for 5 min.
	PulsarIdle time.Duration
	// OpenHubURL is the address that access-config names; empty stands for the vendor's.
	OpenHubURL string
	// OpenHubUsername and OpenHubPassword preset the credentials of every link, for a
	// broker that cannot ask AllowLink; made up for each link otherwise.
	OpenHubUsername, OpenHubPassword string
	// OpenHubExpiresIn is the life of a link; zero stands for 2 h.
	OpenHubExpiresIn time.Duration
	// OpenHubOwnUser accepts the token's own uid in place of an app account's. Public
	// clients do that, none says that it works.
	OpenHubOwnUser bool
}

func (o *PushOptions) setDefaults() {
	o.Backlog = cmp.Or(o.Backlog, 10_000)
	o.PulsarIdle = cmp.Or(o.PulsarIdle, 5*time.Minute)
	o.OpenHubURL = cmp.Or(o.OpenHubURL, openHubURL)
	o.OpenHubExpiresIn = cmp.Or(o.OpenHubExpiresIn, 2*time.Hour)
}
