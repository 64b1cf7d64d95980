import { Component, type ComponentChild } from 'preact';
import type { Model } from '../data/model';
import type { Messages } from '../i18n';

/**
 * When drawing throws, the last model that could be drawn is drawn again; when even that throws, an apology stands in.
 * Nobody is there to reload, so it tries again by itself, less and less often.
 */
interface Props {
  model: Model;
  words: Messages;
  draw(model: Model): ComponentChild;
}
interface State {
  show: 'current' | 'last' | 'apology';
}

const FIRST_RETRY_MS = 3000;
const LONGEST_RETRY_MS = 60_000;

export class Boundary extends Component<Props, State> {
  override state: State = { show: 'current' };
  private good: Model | undefined;
  private wait = FIRST_RETRY_MS;
  private timer = 0;

  override componentDidCatch(fault: unknown): void {
    // For whoever looks at the TV's console; the display itself has nowhere to send it.
    console.warn('display: drawing failed', fault);
    const hasLast = this.good !== undefined && this.good !== this.props.model;
    this.setState((state) => ({ show: state.show === 'current' && hasLast ? 'last' : 'apology' }));
    if (this.timer) return;
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      this.setState({ show: 'current' });
    }, this.wait);
    this.wait = Math.min(this.wait * 2, LONGEST_RETRY_MS);
  }

  override componentDidMount(): void {
    this.componentDidUpdate();
  }

  override componentDidUpdate(): void {
    if (this.state.show !== 'current') return;
    this.good = this.props.model;
    this.wait = FIRST_RETRY_MS;
  }

  override componentWillUnmount(): void {
    window.clearTimeout(this.timer);
  }

  override render({ model, words, draw }: Props, { show }: State) {
    if (show === 'apology') return <p class="starting">{words.apology}</p>;
    if (show === 'last' && this.good) {
      return (
        <div>
          {draw(this.good)}
          <p class="fault">{words.fault}</p>
        </div>
      );
    }
    return draw(model);
  }
}
