// What of Apache ECharts the console draws with; README.md says how echarts.js is built from this.
import { BarChart, LineChart } from "echarts/charts";
import { AxisPointerComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { connect, init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([BarChart, LineChart, AxisPointerComponent, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

export { connect, init };
