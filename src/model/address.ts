/** Addresses as text. Pure. */

const LOOPBACK = /^(?:localhost|(?:::ffff:)?127(?:\.\d{1,3}){3}|::1|\[::1\])$/i;

/** True for the name and the addresses that only this machine itself reaches. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);
