/** What package.json and the lock file promise. */

interface Manifest {
  readonly engines?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly allowScripts?: Readonly<Record<string, boolean>>;
}

interface Lock {
  readonly packages?: Readonly<Record<string, { readonly resolved?: string; readonly version?: string }>>;
}

const EXACT = /^\d+\.\d+\.\d+$/;
const DIRECT_MAX = 40;

/** Versions that are not exact, scripts that may run at install, and hosts in the lock file. */
export function packageProblems(manifestText: string, lockText: string): readonly string[] {
  const manifest = JSON.parse(manifestText) as Manifest;
  const lock = JSON.parse(lockText) as Lock;
  const runtime = Object.entries(manifest.dependencies ?? {});
  const wanted = [...runtime, ...Object.entries(manifest.devDependencies ?? {})];
  return [
    ...wanted.filter(([, version]) => !EXACT.test(version)).map(([name, version]) => `${name} ${version} is not exact`),
    ...wanted.flatMap(([name, version]) => {
      const locked = lock.packages?.[`node_modules/${name}`]?.version;
      return locked === version
        ? []
        : [`${name} is ${version} in package.json and ${locked ?? 'absent'} in the lock file`];
    }),
    ...Object.entries(lock.packages ?? {}).flatMap(([path, { resolved }]) =>
      resolved === undefined ? [] : [`the lock file names a host for ${path}`],
    ),
    ...(manifest.engines?.node === undefined ? ['package.json has no engines.node'] : []),
    ...Object.keys(manifest.allowScripts ?? {}).flatMap((name) =>
      name === 'node' ? [] : [`${name} may run scripts at install: only node needs to`],
    ),
    ...(runtime.length > DIRECT_MAX ? [`${runtime.length} direct runtime packages (at most ${DIRECT_MAX})`] : []),
  ];
}
