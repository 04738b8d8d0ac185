// An OpenID Connect provider to sign in with: oidc_provider.mjs MODULES PORT.
// Whoever signs in is who they say they are, in any password. POST /rollover: new keys, for the same issuer.
// Any client registers itself (POST /reg).
import { createServer } from "node:http";
import { generateKeyPairSync, randomUUID } from "node:crypto";

const [modules, port] = process.argv.slice(2);
const { Provider } = await import(`${modules}/oidc-provider/lib/index.js`);
const issuer = `http://127.0.0.1:${port}`;
const audience = "https://git.example.org";

function newKeys() {
	const kinds = [
		["ec", { namedCurve: "P-256" }, "ES256"],
		["ec", { namedCurve: "P-384" }, "ES384"],
		["ec", { namedCurve: "P-521" }, "ES512"],
		["ed25519", {}, "EdDSA"],
		["rsa", { modulusLength: 2048 }, "RS256"],
		["rsa", { modulusLength: 2048 }, "PS256"],
		["rsa", { modulusLength: 2048 }, "RS512"],
	];
	return kinds.map(([kind, options, alg]) => ({
		...generateKeyPairSync(kind, options).privateKey.export({ format: "jwk" }),
		alg,
		use: "sig",
		kid: randomUUID(),
	}));
}

function client(client_id, method, alg) {
	return {
		client_id,
		token_endpoint_auth_method: method,
		id_token_signed_response_alg: alg,
		...(method === "none" ? {} : { client_secret: "s&cret:of/" + client_id }),
		redirect_uris: ["http://127.0.0.1:1/back"],
		post_logout_redirect_uris: ["http://127.0.0.1:1/bye"],
		response_types: ["code"],
		grant_types: ["authorization_code"],
	};
}

const robot = {
	client_id: "robot",
	client_secret: "robots-secret",
	grant_types: ["client_credentials"],
	redirect_uris: [],
	response_types: [],
};

function newProvider() {
	const provider = new Provider(issuer, {
		jwks: { keys: newKeys() },
		cookies: { keys: ["a test's cookies"] },
		clients: [
			client("basic", "client_secret_basic", "ES256"),
			client("post", "client_secret_post", "EdDSA"),
			client("public", "none", "RS256"),
			client("es384", "client_secret_basic", "ES384"),
			client("es512", "client_secret_basic", "ES512"),
			client("ps256", "client_secret_basic", "PS256"),
			client("rs512", "client_secret_basic", "RS512"),
			robot,
		],
		enabledJWA: {
			idTokenSigningAlgValues: ["ES256", "ES384", "ES512", "EdDSA", "RS256", "RS512", "PS256"],
		},
		pkce: { required: () => true, methods: ["S256"] },
		scopes: ["openid", "groups"],
		claims: {
			openid: ["sub"],
			profile: ["preferred_username", "name"],
			email: ["email", "email_verified"],
			groups: ["groups"],
		},
		findAccount: (_, id) => ({
			accountId: id,
			claims: () => ({
				sub: id,
				preferred_username: `${id}-name`,
				name: `The ${id}`,
				email: `${id}@example.org`,
				email_verified: true,
				groups: ["staff", `${id}s`],
			}),
		}),
		features: {
			clientCredentials: { enabled: true },
			registration: { enabled: true },
			backchannelLogout: { enabled: true },
			resourceIndicators: {
				enabled: true,
				defaultResource: (_, { clientId }) => (clientId === "robot" ? audience : undefined),
				getResourceServerInfo: () => ({
					scope: "",
					audience,
					accessTokenFormat: "jwt",
					jwt: { sign: { alg: "ES256" } },
				}),
			},
		},
	});
	return provider.callback();
}

let current = newProvider();
createServer((request, response) => {
	if (request.method === "POST" && request.url === "/rollover") {
		current = newProvider();
		response.end("{}");
	} else {
		current(request, response);
	}
}).listen(Number(port), "127.0.0.1");
