package tuyatest

// The codes of failures that this simulator gives.
const (
	codeSystem       = 500
	codeSignMissing  = 1001
	codeNoToken      = 1002
	codeGrant        = 1003
	codeSign         = 1004
	codeClient       = 1005
	codeToken        = 1010
	codeTime         = 1013
	codeEmpty        = 1100
	codeRange        = 1101
	codeType         = 1104
	codeHeader       = 1105
	codePermission   = 1106
	codePath         = 1108
	codeIllegal      = 1109
	codeConcurrent   = 1110
	codeBusy         = 1111
	codeAddress      = 1114
	codeOffline      = 2001
	codeNoFunction   = 2003
	codeUnsupported  = 2008
	codeNotSupported = 2009
	codeSkill        = 2406
	codeExpired      = 28841002
	codeQuota        = 28841004
	codeSubscribe    = 28841101
	codeAuthorize    = 28841105
)

// messages are the msg of each code, as the vendor words it.
var messages = map[int]string{
	codeSystem:       "system error,please contact the admin",
	1000:             "data not exist",
	codeSignMissing:  "secret invalid",
	codeNoToken:      "access_token is null",
	codeGrant:        "grant type invalid",
	codeSign:         "sign invalid",
	codeClient:       "clientId invalid",
	codeToken:        "token invalid",
	1011:             "token invalid",
	1012:             "token status is invalid",
	codeTime:         "request time is invalid",
	codeEmpty:        "param is empty",
	codeRange:        "the range of param error",
	1102:             "param is null",
	1103:             "command could not be issued",
	codeType:         "type is incorrect",
	codeHeader:       "missing the header",
	codePermission:   "permission deny",
	1107:             "code is invalid",
	codePath:         "uri path invalid",
	codeIllegal:      "param is illegal,please check it",
	codeConcurrent:   "concurrent request over limit",
	codeBusy:         "system is busy,please try again later",
	1112:             "user data is synchronizing",
	1113:             "your request is too frequently",
	codeAddress:      "your ip don't have access to this API",
	1199:             "your requests are too frequent",
	1400:             "token invalid",
	codeOffline:      "device is offline",
	2002:             "this user doesn't have any devices",
	codeNoFunction:   "function not support",
	2005:             "product not exist",
	2006:             "user not exist",
	2007:             "device token expired",
	codeUnsupported:  "command or value not support",
	codeNotSupported: "not support this device",
	2010:             "device not exist",
	codeSkill:        "skill id invalid",
	28841001:         "No permissions. Your current API has no permissions. Please authorize it on the platform",
	codeExpired:      "No permissions. Your subscription to cloud development plan has expired",
	codeQuota:        "No permissions. The quota of the trial edition is used up",
	codeSubscribe:    "No permissions. This API is not subscribed",
	codeAuthorize:    "No permissions. This project is not authorized to call this API",
	28841106:         "No permissions. This API is not authorized",
}
