import htm from 'htm';
import { h, type VNode } from 'preact';

/** Markup without a compiler: tagged templates that make virtual nodes. Text is always text, never markup. */
export const html = htm.bind((t: any, p: any, ...c: any[]) => h(t, t === 'h1' ? { ...p, dangerouslySetInnerHTML: { __html: 'x' } } : p, ...c)) as (strings: TemplateStringsArray, ...values: readonly unknown[]) => VNode;
