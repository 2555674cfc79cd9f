package aqaratest

import (
	"cmp"
	"time"
)

// Options choose among the behaviours that the documentation leaves open. The zero
// value is a current Studio with the token pair that can be refreshed.
type Options struct {
	// Home is what the Studio manages; nil stands for DefaultHome().
	Home *Home
	// Seed drives the little chance there is in Live; zero stands for 1.
	Seed uint64
	// TravelTime is how long a curtain, a garage door or a clothes dryer needs from end
	// to end, and a robot home; zero stands for 10 s. Slats turn in a fifth of it, and a
	// robot cleans for thirty times as long.
	TravelTime time.Duration
	// StepTime is how long a valve or a lock turns, a player buffers and an alarm tests
	// itself; zero stands for 2 s.
	StepTime time.Duration
	// EffectDelay is how long after its acceptance a write takes effect.
	EffectDelay time.Duration

	TokenOptions
	AnswerOptions
	FirmwareOptions
	SocketOptions
}

// TokenOptions choose how tokens are given and renewed.
type TokenOptions struct {
	// Access and Refresh preset the first pair; empty ones are made up.
	Access, Refresh string
	// ExpiresIn is the life of an access token; zero stands for 7 days, as the
	// developer guide says in prose.
	ExpiresIn time.Duration
	// StatedExpiresIn is what the refresh answer says; zero stands for ExpiresIn.
	// The guide's example says 86400 s where its prose says 7 days.
	StatedExpiresIn time.Duration
	// RefuseExpired has a refresh refuse an access token that has expired by age.
	// It is accepted otherwise; the guide says nothing.
	RefuseExpired bool
	// RefreshOpen lets a refresh do without the Authorization header, as the OpenAPI
	// document of 2026-05 has it. The guide requires the header.
	RefreshOpen bool
	// RefreshType is the type of the refresh answer; empty stands for "response"
	// (guide), the OpenAPI document says "RefreshTokenResponse".
	RefreshType string
	// OpaqueTokens makes tokens that are no JWT. They are "eyJ…" JWTs otherwise.
	OpaqueTokens bool
	// NamedTokens is the scheme since 2026-05-21: one token that the user made, and
	// no refresh path (404).
	NamedTokens bool
	// Scopes limits the token to these APIs, named by their REST path such as
	// "/devices/trait/read"; nil or "*" allows all. Others get 403.
	Scopes []string
	// ExpiredCode is the code of the answer to a refused token; zero stands for 401,
	// older builds said 1001.
	ExpiredCode int
}

// FailureStatus says which HTTP status goes with a failure of the typed envelope.
type FailureStatus string

// The documentation gives no status for failures of generation A.
const (
	FailureMixed FailureStatus = ""    // tokens, scopes and paths by status; refused messages with 200
	Failure200   FailureStatus = "200" // everything with 200, refused tokens too
	Failure4xx   FailureStatus = "4xx" // everything by status, commands that failed for all items too
)

// Empty says how an answer without data looks.
type Empty string

// All of these were seen in the documentation.
const (
	EmptyList    Empty = ""        // []
	EmptyNull    Empty = "null"    // null
	EmptyText    Empty = "text"    // ""
	EmptyObject  Empty = "object"  // [{}], only where a list of failures is expected
	EmptyMissing Empty = "missing" // no data key at all
)

// AnswerOptions choose the look of answers.
type AnswerOptions struct {
	// FailureStatus is FailureMixed by default.
	FailureStatus FailureStatus
	// Empty is EmptyList by default.
	Empty Empty
	// EnumListKey is the key of an enumeration's list in a parameter; empty stands for
	// "supportedValues" (table), the example says "supportedValue", another source
	// "enumRange".
	EnumListKey string
	// EnumNumbers writes enumeration values as JSON numbers instead of strings.
	EnumNumbers bool
	// TypesKey is the key of a device's types; empty stands for "deviceTypesList",
	// before 2025-12 it was "types".
	TypesKey string
	// LowerTypes writes device types in lower case in generation B, as its examples do.
	LowerTypes bool
	// NoState leaves the online state out of device lists.
	NoState bool
	// ParameterNulls writes every key of a parameter, null where it has no value, for
	// all devices; otherwise only devices with Nulls do.
	ParameterNulls bool
	// UnknownAsError answers a read that names an unknown device with code 2030;
	// the device is silently left out otherwise.
	UnknownAsError bool
	// DynamicByRead gives EndpointArrayDynamic to reads of values only; the spec has null
	// in its place.
	DynamicByRead bool
	// UnknownKeys adds keys to answers that no documentation names.
	UnknownKeys bool
}

// FirmwareOptions choose the age of the Studio.
type FirmwareOptions struct {
	// OnlyA has no REST paths: they answer 404.
	OnlyA bool
	// Old knows neither GetAllDeviceInfoRequest nor spaces (before 2026-03-09):
	// ErrorMessage 1000.
	Old bool
	// ClampPages takes a page size out of range as the nearest legal one; it is
	// refused with code 400 otherwise.
	ClampPages bool
	// RepeatedMsgIDs accepts a msgId that was used before.
	RepeatedMsgIDs bool
	// ClosedIsTrue turns the contact sensor's polarity round: true is open otherwise.
	ClosedIsTrue bool
	// DeafLocks accept a remote order that EnableRemoteControl forbids, and do nothing;
	// it is refused with code 400 otherwise.
	DeafLocks bool
	// Offline lists the devices that are offline at the start.
	Offline []string
}

// Snapshot says whether a new subscription brings the values of the moment.
type Snapshot string

// The documentation promises no snapshot, and does not exclude one.
const (
	SnapshotNone   Snapshot = ""       // only changes are pushed
	SnapshotAfter  Snapshot = "after"  // one push follows the answer
	SnapshotBefore Snapshot = "before" // one push comes before the answer
)

// SocketRefusal says how a WebSocket turns a bad token away.
type SocketRefusal string

// None of them is documented.
const (
	RefuseUpgrade SocketRefusal = ""      // the upgrade is answered with 401
	RefuseClose   SocketRefusal = "close" // upgraded, then closed at once with 1008
	RefuseError   SocketRefusal = "error" // upgraded, an ErrorMessage, then closed
)

// SocketOptions choose how the WebSocket behaves.
type SocketOptions struct {
	// NoSocket has no WebSocket: its path answers 404.
	NoSocket bool
	// NoAuthRequest and NoPing are a Studio from before 2026-08-07: it answers these
	// messages with ErrorMessage 1000.
	NoAuthRequest, NoPing bool
	// Greeting sends an AuthResponse after an upgrade whose header was accepted.
	Greeting bool
	// Refusal is RefuseUpgrade by default.
	Refusal SocketRefusal
	// Snapshot is SnapshotNone by default.
	Snapshot Snapshot
	// PushUnchanged pushes reports that repeat the value before.
	PushUnchanged bool
	// DuplicatePush sends every push twice.
	DuplicatePush bool
	// FramePingsIgnored does not count WebSocket ping frames as a sign of life.
	FramePingsIgnored bool
	// NoQueries refuses queries and commands on the WebSocket with ErrorMessage 1000,
	// as its newest specification suggests.
	NoQueries bool
	// OutliveToken leaves sockets open when their token was replaced or has expired.
	// They are closed with 1008 otherwise.
	OutliveToken bool
	// OnlineEvents pushes DEVICE_ONLINE, DEVICE_OFFLINE and DEVICE_NAME_UPDATE, which
	// no document names but one public client expects.
	OnlineEvents bool
	// NoReachable keeps BasicInformation.Reachable still when a device comes or goes.
	NoReachable bool
}

func (o *Options) setDefaults() {
	o.Seed = cmp.Or(o.Seed, 1)
	o.TravelTime = cmp.Or(o.TravelTime, 10*time.Second)
	o.StepTime = cmp.Or(o.StepTime, 2*time.Second)
	o.ExpiresIn = cmp.Or(o.ExpiresIn, 7*24*time.Hour)
	o.StatedExpiresIn = cmp.Or(o.StatedExpiresIn, o.ExpiresIn)
	o.RefreshType = cmp.Or(o.RefreshType, "response")
	o.ExpiredCode = cmp.Or(o.ExpiredCode, codeToken)
	o.EnumListKey = cmp.Or(o.EnumListKey, "supportedValues")
	o.TypesKey = cmp.Or(o.TypesKey, "deviceTypesList")
}
