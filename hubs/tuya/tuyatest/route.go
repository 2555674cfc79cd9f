package tuyatest

import (
	"slices"
	"strings"
)

// The names of calls, for fault.Fault.Match and Call.Op.
const (
	OpUnknown       = "unknown"        // no such path
	OpToken         = "token"          // grant_type=1
	OpRefresh       = "refresh"        // /v1.0/token/{refresh_token}
	OpUserDevices   = "user-devices"   // /v1.0/users/{uid}/devices
	OpLinkedDevices = "linked-devices" // /v1.0/iot-01/associated-users/devices
	OpPagedDevices  = "paged-devices"  // /v1.3/iot-03/devices
	OpThingDevices  = "thing-devices"  // /v2.0/cloud/thing/device
	OpSomeDevices   = "some-devices"   // /v1.0/devices?device_ids=
	OpDevice        = "device"         // one device, in three variants
	OpFactory       = "factory"        // factory-infos
	OpSubDevices    = "sub-devices"
	OpHomes         = "homes"
	OpHomeDevices   = "home-devices"
	OpRooms         = "rooms"
	OpRoomDevices   = "room-devices"
	OpMembers       = "members"
	OpSpecification = "specification" // all variants
	OpFunctions     = "functions"
	OpCategory      = "category" // /v1.0/functions/{category}
	OpStatus        = "status"
	OpStatuses      = "statuses" // of several devices
	OpModel         = "model"    // thing model
	OpShadow        = "shadow"   // properties of the thing model
	OpIssue         = "issue"
	OpDesired       = "desired"
	OpReports       = "reports"  // report-logs
	OpCommands      = "commands" // iot-03 and v1.0
	OpScenes        = "scenes"
	OpTrigger       = "trigger"
	OpRemotes       = "remotes"
	OpKeys          = "keys"
	OpKey           = "key" // raw/command
	OpAC            = "ac"  // scenes/command
	OpACStatus      = "ac-status"
	OpTicket        = "ticket" // password-ticket
	OpDoor          = "door"   // door-operate and open-door
	OpStream        = "stream"
	OpAccessConfig  = "access-config"
	OpPulsar        = "pulsar" // the upgrade of the WebSocket
)

// route is one method and path of the API.
type route struct {
	method, path string // {name} stands for one part of the path
	op           string
	group        Group
	serve        func(q *request) answer
}

// routeTable lists the API; of two routes that fit the first one counts.
func (c *Cloud) routeTable() []route {
	return slices.Concat(
		c.tokenRoutes(), c.listRoutes(), c.homeRoutes(), c.statusRoutes(), c.deviceRoutes(), c.specRoutes(),
		c.thingRoutes(), c.commandRoutes(), c.sceneRoutes(), c.infraredRoutes(), c.lockRoutes(), c.openHubRoutes(),
	)
}

// match finds the route and the named parts of the path.
func (c *Cloud) match(method, path string) (*route, map[string]string) {
	parts := strings.Split(path, "/")
	for i := range c.routes {
		r := &c.routes[i]
		if r.method != method {
			continue
		}
		if args, fits := matchPath(r.path, parts); fits {
			return r, args
		}
	}
	return nil, nil
}

func matchPath(pattern string, parts []string) (args map[string]string, fits bool) {
	want := strings.Split(pattern, "/")
	if len(want) != len(parts) {
		return nil, false
	}
	args = map[string]string{}
	for i, w := range want {
		if name, variable := strings.CutPrefix(w, "{"); variable && parts[i] != "" {
			args[strings.TrimSuffix(name, "}")] = parts[i]
		} else if w != parts[i] {
			return nil, false
		}
	}
	return args, true
}
