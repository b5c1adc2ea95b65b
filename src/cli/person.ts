/** Who acts: the login name, which the appliance records with every decision. */
import { userInfo } from 'node:os';
import type { Environment } from '../platform/environment.ts';

/** The person behind `sudo` when there is one, else the user of this process. */
export function actingPerson(environment: Environment): string {
  return environment.get('SUDO_USER') ?? loginName();
}

function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    // No name for this user id (a container without passwd entry).
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
