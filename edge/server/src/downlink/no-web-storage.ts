/**
 * Node has a `localStorage` that exists only with a flag of the command line and warns at every look. Electric's client looks at
 * it for caches that a browser shares between tabs; an appliance has its position in the journal. Import this before the client.
 */
Reflect.deleteProperty(globalThis, 'localStorage')
