// Lays out the graph on stdin with dagre or with Netron's fork of it; writes places and seconds.
// usage: node dagre.mjs dagre|netron PATH_OF_THE_MODULE
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';

const [kind, path] = process.argv.slice(2);
const { nodes, edges } = JSON.parse(readFileSync(0, 'utf8'));
const begin = () => performance.now();
let seconds;
let routes;

if (kind === 'netron') {
    const { layout } = await import(pathToFileURL(path));
    for (const node of nodes) node.v = String(node.v);
    const wires = edges.map(([v, w]) => ({
        v: String(v), w: String(w), minlen: 1, weight: 1, width: 0, height: 0, labeloffset: 10, labelpos: 'r',
    }));
    const options = { nodesep: 20, ranksep: 20 };
    if (nodes.length > 3000) options.ranker = 'longest-path';
    const start = begin();
    layout(nodes, wires, options, {});
    seconds = (begin() - start) / 1000;
    routes = wires.map((wire) => wire.points);
} else {
    const dagre = createRequire(import.meta.url)(path);
    const graph = new dagre.graphlib.Graph({ multigraph: true });
    graph.setGraph({ nodesep: 20, ranksep: 20 });
    graph.setDefaultEdgeLabel(() => ({}));
    for (const node of nodes) graph.setNode(node.v, { width: node.width, height: node.height });
    edges.forEach(([v, w], name) => graph.setEdge(v, w, {}, String(name)));
    const start = begin();
    dagre.layout(graph);
    seconds = (begin() - start) / 1000;
    for (const node of nodes) Object.assign(node, graph.node(node.v));
    routes = edges.map(([v, w], name) => graph.edge(String(v), String(w), String(name)).points);
}
const places = nodes.map((node) => [node.x - node.width / 2, node.y - node.height / 2, node.width, node.height]);
const points = routes.map((route) => route.map((point) => [point.x, point.y]));
process.stdout.write(JSON.stringify({ seconds, places, points }));
