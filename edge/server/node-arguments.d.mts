export declare const edgeNodeArguments: readonly string[]
